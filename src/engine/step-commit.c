/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Makes the new generation the device's state, writes history, and collects what nothing needs any more. Only
 * the state's replacement can fail the step: the rest is made good by the next transaction.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "engine/collect.h"
#include "engine/failed-units.h"
#include "engine/history.h"
#include "engine/ledger-update.h"
#include "engine/transaction.h"
#include "parts/overlay/overlay.h"

static int list_mounted(const char *root, uint64_t **ret, size_t *ret_n, Error *error)
{
	CLEANUP_FREE OverlayGeneration *generations = NULL;
	uint64_t *numbers;
	size_t n = 0;

	if (overlay_list(root, &generations, &n, error) < 0)
		return -1;
	numbers = calloc(n + 1, sizeof(*numbers));
	if (!numbers)
		return error_memory(error);
	for (size_t i = 0; i < n; i++)
		numbers[i] = generations[i].number;
	*ret = numbers;
	*ret_n = n;
	return 0;
}

static int note_kept_off(Transaction *transaction, Error *error)
{
	KeptOff *kept_off = &transaction->state.kept_off;

	for (size_t i = 0; i < transaction->goal.n; i++)
		kept_off_welcome(kept_off, transaction->goal.items[i].manifest);
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (transaction->changes[i].action == CHANGE_REMOVE &&
			kept_off_put(kept_off, transaction->changes[i].manifest, error) < 0)
			return -1;
	return 0;
}

/* What is in quarantine is what the same document says is active no more. */
static int note_quarantined(Transaction *transaction, Error *error)
{
	State *state = &transaction->state;

	for (size_t i = 0; i < transaction->n_changes; i++) {
		const Change *change = &transaction->changes[i];

		if (change->action == CHANGE_REVERT &&
			trial_quarantine(&state->trial, improvements_find(&state->active, change->component),
				change->reason, clock_now(), error) < 0)
			return -1;
	}
	return 0;
}

/* A boot with the new letters is measured by what has failed without them. Unknown where it cannot be asked,
 * and for another system than the running one. */
static int settle_trial(Transaction *transaction, Error *error)
{
	CLEANUP_JSON json_t *failed = NULL;
	State *state = &transaction->state;

	if (strcmp(transaction->engine->root, "/") == 0)
		(void)failed_units_list(&failed, NULL);
	trial_settle_checks(&state->trial, &transaction->former, transaction->failed_checks);
	return trial_settle(&state->trial, &transaction->former, &state->active, failed, error);
}

/* A commit that is repeated finds its letters in the state, with the time of the first one. */
static int64_t installed_at(const State *state, const Improvement *item)
{
	const Improvement *former = improvements_find(&state->active, item->manifest->component);

	return former && former->installed > 0 &&
			       digest_equal(&former->manifest_digest, &item->manifest_digest)
		       ? former->installed
		       : clock_now();
}

static int adopt_goal(Transaction *transaction, Error *error)
{
	State *state = &transaction->state;
	Improvements goal = IMPROVEMENTS_INIT;

	if (improvements_copy(&transaction->goal, transaction->engine->store, &goal, error) < 0)
		return -1;
	for (size_t i = 0; i < goal.n; i++)
		if (goal.items[i].installed == 0)
			goal.items[i].installed = installed_at(state, &goal.items[i]);
	transaction->former = state->active;
	state->active = goal;
	state->generation = transaction->generation;
	state->transactions = transaction->number;
	if (state->last_generation < state->generation)
		state->last_generation = state->generation;
	return settle_trial(transaction, error);
}

/* Somebody watches over what came. Where systemd does not run, nobody does; it looks by itself for what there
 * is to watch. */
static void start_watch(const Transaction *transaction)
{
	const char *const argv[] = {"systemctl", "--no-block", "start", "suture-watch.service", NULL};
	Error why = ERROR_INIT;
	bool arrives = false;

	for (size_t i = 0; i < transaction->n_changes; i++)
		arrives = arrives || transaction->changes[i].action == CHANGE_INSTALL;
	if (!arrives || strcmp(transaction->engine->root, "/") != 0 ||
		access("/run/systemd/system", F_OK) < 0)
		return;
	if (process_run(argv, 0, NULL, &why) < 0)
		log_warning("nobody watches over what came: %s", why.text);
}

int step_commit(Transaction *transaction, Error *error)
{
	CLEANUP_FREE uint64_t *mounted = NULL;
	Store *store = transaction->engine->store;
	Error minor = ERROR_INIT;
	size_t n = 0;

	if (history_append(transaction, &minor) < 0)
		log_warning("this is missing in the history: %s", minor.text);
	if (list_mounted(transaction->engine->root, &mounted, &n, error) < 0 ||
		note_kept_off(transaction, error) < 0 || note_quarantined(transaction, error) < 0 ||
		adopt_goal(transaction, error) < 0 ||
		state_forget_generations(&transaction->state, mounted, n, error) < 0 ||
		(transaction->generation > 0 &&
			state_note_generation(&transaction->state, transaction->generation,
				&transaction->state.active, error) < 0) ||
		state_save(store, &transaction->state, error) < 0)
		return -1;
	if (ledger_note_commit(transaction, &minor) < 0)
		log_warning("this is missing in the ledger: %s", minor.text);
	if (collect_leftovers(transaction, &minor) < 0)
		log_warning("old images stay until the next install: %s", minor.text);
	start_watch(transaction);
	return 0;
}
