/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Undoes a swap that could not be committed, or should not be: root/usr shows again what the state says, or
 * the base, when that has left behind what the state says: newer bytes are never hidden. What the letters
 * that came have done is remembered against them.
 */

#include "base/clock.h"
#include "base/log.h"
#include "engine/history.h"
#include "engine/layers.h"
#include "engine/leaving.h"
#include "engine/plan.h"
#include "engine/transaction.h"
#include "parts/overlay/overlay.h"

static int drop_all_when_one_retired(Transaction *transaction, Improvements *former, Error *error)
{
	size_t n = former->n;

	improvements_clear(&transaction->goal);
	transaction->goal = *former;
	*former = IMPROVEMENTS_INIT;
	if (plan_drop_retired(transaction, error) < 0)
		return -1;
	if (transaction->goal.n < n)
		improvements_clear(&transaction->goal);
	return 0;
}

static int show_former(Transaction *transaction, Error *error)
{
	CLEANUP_STATE State state = STATE_INIT;

	/* The commit may have failed half-way: only the document says what is the state. */
	if (state_load(transaction->engine->store, &state, error) < 0 ||
		drop_all_when_one_retired(transaction, &state.active, error) < 0)
		return -1;
	return layers_activate(transaction->engine, state.generation, &transaction->goal, error);
}

/* Images rot, and package managers begin to work; the base can be shown at any time. */
static int go_back(Transaction *transaction, Error *error)
{
	const Improvements none = IMPROVEMENTS_INIT;
	Error why = ERROR_INIT;
	uint64_t mounted = 0;

	if (overlay_current(transaction->engine->root, &mounted, error) < 0)
		return -1;
	/* A boot, or a package manager, has come first. */
	if (mounted != transaction->generation || show_former(transaction, &why) == 0)
		return 0;
	log_warning("what was active before cannot be shown: %.800s; /usr shows the base", why.text);
	return layers_activate(transaction->engine, 0, &none, error);
}

/* The letters that came go: into quarantine, and into the history as reverts. */
static int condemn(Transaction *transaction, State *state, Leaving *leaving, Error *error)
{
	size_t n = 0;

	for (size_t i = 0; i < transaction->n_changes; i++) {
		Change change = transaction->changes[i];
		const Improvement *item = improvements_find(&transaction->goal, change.component);

		if (change.action != CHANGE_INSTALL || !item)
			continue;
		if (trial_quarantine(&state->trial, item, transaction->reason, clock_now(), error) < 0 ||
			improvements_put(&leaving->set, transaction->engine->store, &item->manifest_digest, 0,
				error) < 0)
			return -1;
		change.action = CHANGE_REVERT;
		change.from = change.to;
		change.to = 0;
		change.leaving = change.manifest;
		change.download = NULL;
		change.reason = transaction->reason;
		transaction->changes[n++] = change;
	}
	transaction->n_changes = n;
	return 0;
}

/* The generation that shows them stays in use, though it never was what the state names. */
static int note_generation(const Transaction *transaction, State *state, Error *error)
{
	return transaction->goal.n > 0
		       ? state_note_generation(state, transaction->generation, &transaction->goal, error)
		       : 0;
}

/* What was restarted meanwhile is restarted again. That cannot fail going back. */
static void restart_users(const Transaction *transaction, Leaving *leaving)
{
	CLEANUP_JSON json_t *units = NULL, *exposed = NULL;
	Error why = ERROR_INIT;

	if (leaving_restart_users(transaction->engine, leaving, &units, &exposed, &why) < 0)
		log_warning("who used what was taken off could not be restarted: %s", why.text);
	else if (json_array_size(json_object_get(exposed, "processes")) > 0)
		log_warning("%zu processes still use what was taken off; restart them",
			json_array_size(json_object_get(exposed, "processes")));
}

static int go_back_from_harm(Transaction *transaction, Error *error)
{
	CLEANUP_LEAVING Leaving leaving = {.set = IMPROVEMENTS_INIT};
	CLEANUP_STATE State state = STATE_INIT;
	Error minor = ERROR_INIT;

	if (state_load(transaction->engine->store, &state, error) < 0 ||
		condemn(transaction, &state, &leaving, error) < 0)
		return -1;
	if (note_generation(transaction, &state, &minor) < 0 ||
		leaving_note(transaction->engine, &state, &leaving, &minor) < 0)
		log_warning("who uses what is taken off is not known: %s", minor.text);
	/* The changes point into what was the goal. */
	improvements_clear(&transaction->former);
	transaction->former = transaction->goal;
	transaction->goal = IMPROVEMENTS_INIT;
	if (go_back(transaction, error) < 0)
		return -1;
	if (history_append(transaction, &minor) < 0)
		log_warning("this is missing in the history: %s", minor.text);
	state.transactions = transaction->number;
	if (state_save(transaction->engine->store, &state, error) < 0)
		return -1;
	restart_users(transaction, &leaving);
	return 0;
}

int step_revert(Transaction *transaction, Error *error)
{
	if (transaction->harm)
		return go_back_from_harm(transaction, error);
	if (transaction->goal.n > 0)
		state_remember_generation(
			transaction->engine->store, transaction->generation, &transaction->goal);
	return go_back(transaction, error);
}
