/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Refreshes the trusted metadata and decides what this device shall have: for each component the newest
 * letter made for exactly its base, and nothing that was withdrawn or that the base has left behind.
 */

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/conditions.h"
#include "engine/conflicts.h"
#include "engine/guard.h"
#include "engine/plan.h"
#include "engine/transaction.h"
#include "parts/manifest/base-check.h"
#include "parts/manifest/letter.h"
#include "parts/overlay/overlay.h"

/* Older than what was seen before, or still the same when its end is near: a mirror that lags behind, or
 * somebody who keeps news from this device. A publisher renews in time. */
static bool is_old_data(const Updater *updater, int64_t now)
{
	UpdaterNews news = updater_news(updater);

	return news == UPDATER_OLDER ||
	       (news == UPDATER_SAME && updater_expires(updater) < now + STATE_EXPIRES_SOON);
}

static void note_age(State *state, const Updater *updater)
{
	int64_t now = clock_now();

	if (updater_news(updater) == UPDATER_NO_NEWS)
		return;
	if (!is_old_data(updater, now))
		state->old_data_since = 0;
	else if (state->old_data_since == 0)
		state->old_data_since = now;
}

/* When the check fails, the status is to tell why nothing comes; the failure itself matters more than whether
 * that could be noted. */
static int note_failure(Transaction *transaction)
{
	int64_t before = transaction->state.old_data_since;

	note_age(&transaction->state, remote_updater(transaction->remote));
	if (transaction->state.old_data_since != before)
		(void)state_save(transaction->engine->store, &transaction->state, NULL);
	return -1;
}

static int refresh(Transaction *transaction, Error *error)
{
	Engine *engine = transaction->engine;

	progress_begin(engine->progress, "checking the repository");
	if (remote_open(engine, &transaction->remote, error) < 0)
		return -1;
	if (remote_refresh(transaction->remote, error) < 0)
		return note_failure(transaction);
	note_age(&transaction->state, remote_updater(transaction->remote));
	transaction->state.checked = clock_now();
	transaction->state.expires = updater_expires(remote_updater(transaction->remote));
	if (catalog_read(engine, transaction->remote, transaction->components, transaction->usr,
		    &transaction->catalog, error) < 0)
		return -1;
	progress_end(engine->progress, NULL);
	return 0;
}

/* Is this letter withdrawn by the word of its own series? */
static bool is_withdrawn(const Catalog *catalog, const Manifest *manifest)
{
	for (size_t i = 0; i < catalog->n; i++) {
		const CatalogSeries *series = &catalog->series[i];

		if (strcmp(series->component, manifest->component) != 0 ||
			strcmp(series->manifest->base_version, manifest->base_version) != 0)
			continue;
		for (size_t j = 0; j < series->n_withdrawn; j++)
			if (series->withdrawn[j] == manifest->sequence)
				return true;
	}
	return false;
}

/* What the kernel has met wrong bytes in is fetched again. */
static void discard_corrupt(const Transaction *transaction, const Manifest *manifest)
{
	Error why = ERROR_INIT;

	if (guard_is_corrupt(manifest) && guard_check(transaction->engine, manifest, &why) < 0)
		log_warning("%s: %s", manifest->component, why.text);
}

/* What is active stays, unless its base has moved on or its letter was withdrawn. */
static int keep_active(Transaction *transaction, Error *error)
{
	const Improvements *active = &transaction->state.active;

	if (improvements_copy(active, transaction->engine->store, &transaction->goal, error) < 0)
		return -1;
	for (size_t i = 0; i < active->n; i++) {
		const Manifest *manifest = active->items[i].manifest;
		int r = base_check(manifest, transaction->usr, error);

		if (r < 0)
			return -1;
		if (r > 0 || is_withdrawn(transaction->catalog, manifest))
			improvements_drop(&transaction->goal, manifest->component);
		else if (!transaction->dry_run)
			discard_corrupt(transaction, manifest);
	}
	return 0;
}

static bool is_named(EngineNames components, const char *component)
{
	for (size_t i = 0; i < components.count; i++)
		if (strcmp(components.names[i], component) == 0)
			return true;
	return false;
}

/* What people took off comes back when they ask for it, or in a newer letter. */
static bool is_kept_off(const Transaction *transaction, const Manifest *manifest)
{
	return kept_off_covers(&transaction->state.kept_off, manifest) &&
	       !is_named(transaction->components, manifest->component);
}

/* Who names the component wants it in spite of that. */
static int respect_quarantine(Transaction *transaction, CatalogSeries *series, Error *error)
{
	const Improvement offered = {series->manifest, series->manifest_digest, 0};
	const Quarantined *found = trial_find_quarantined(&transaction->state.trial, &offered);
	char letter[LETTER_SIZE];

	if (!found || series->verdict != CATALOG_FITS || is_named(transaction->components, series->component))
		return 0;
	series->verdict = CATALOG_QUARANTINED;
	return text_format(&series->reason, error,
		"(%s) is in quarantine, %s; a newer letter will be installed, or this one when it is named",
		letter_from_sequence(found->sequence, letter), found->reason);
}

static int judge_wait(
	const Engine *engine, const Manifest *manifest, bool urgent_only, Wait *ret, Error *error)
{
	if (waiting_judge(engine, manifest, clock_now(), ret, error) < 0)
		return -1;
	if (urgent_only && ret->reason == WAIT_FOR_NOTHING && !waiting_is_urgent(manifest))
		ret->reason = WAIT_FOR_SURROUNDINGS;
	return 0;
}

/* What nobody asked for comes when it is its turn; somebody who asks does not wait. */
static int let_wait(Transaction *transaction, const CatalogSeries *series, bool urgent_only, bool *ret_waits,
	Error *error)
{
	Engine *engine = transaction->engine;
	Wait wait;

	if (judge_wait(engine, series->manifest, urgent_only, &wait, error) < 0)
		return -1;
	*ret_waits = engine->unattended && wait.reason != WAIT_FOR_NOTHING;
	return waiting_add(&transaction->waiting, series->manifest, &series->manifest_digest, wait, error);
}

/* Nothing but its turn may be in its way; what is behind a letter that did harm is no way around it. */
static bool is_barred(const Transaction *transaction, Manifest *manifest, const Digest *digest)
{
	const Improvement offered = {manifest, *digest, 0};

	return is_kept_off(transaction, manifest) ||
	       trial_find_quarantined(&transaction->state.trial, &offered);
}

/* While the newest letter waits, the newest before it that does not is better than an older one, or none. */
static int add_earlier(
	Transaction *transaction, const CatalogSeries *series, unsigned have, bool urgent_only, Error *error)
{
	Engine *engine = transaction->engine;

	for (size_t i = 0; i < series->n_earlier && series->earlier[i].sequence > have; i++) {
		CLEANUP(manifest_free) Manifest *manifest = NULL;
		const Digest *digest = &series->earlier[i].digest;
		Wait wait = {WAIT_FOR_NOTHING, 0};
		int r = catalog_read_earlier(
			engine, transaction->remote, transaction->usr, series, i, &manifest, error);

		if (r == CATALOG_UNFIT)
			continue;
		if (r < 0 || judge_wait(engine, manifest, urgent_only, &wait, error) < 0)
			return -1;
		if (is_barred(transaction, manifest, digest))
			return 0;
		if (wait.reason == WAIT_FOR_NOTHING)
			return improvements_put(&transaction->goal, engine->store, digest, 0, error);
	}
	return 0;
}

static int add_available(Transaction *transaction, Error *error)
{
	bool urgent_only = transaction->engine->unattended &&
			   conditions_check(transaction->engine, NULL) == CONDITIONS_URGENT_ONLY;

	for (size_t i = 0; i < transaction->catalog->n; i++) {
		CatalogSeries *series = &transaction->catalog->series[i];
		const Improvement *have = improvements_find(&transaction->goal, series->component);
		bool waits = false;

		if (respect_quarantine(transaction, series, error) < 0)
			return -1;
		if (series->verdict != CATALOG_FITS || is_kept_off(transaction, series->manifest) ||
			(have && have->manifest->sequence >= series->manifest->sequence))
			continue;
		if (let_wait(transaction, series, urgent_only, &waits, error) < 0)
			return -1;
		if (waits) {
			if (add_earlier(transaction, series, have ? have->manifest->sequence : 0, urgent_only,
				    error) < 0)
				return -1;
			continue;
		}
		if (improvements_put(&transaction->goal, transaction->engine->store, &series->manifest_digest,
			    0, error) < 0)
			return -1;
	}
	return 0;
}

/* Who asks for a component by name wants to hear why it cannot be had. */
static int answer_for_each_name(const Transaction *transaction, Error *error)
{
	const Catalog *catalog = transaction->catalog;

	for (size_t i = 0; i < transaction->components.count; i++) {
		const char *name = transaction->components.names[i];

		if (improvements_find(&transaction->goal, name) ||
			improvements_find(&transaction->state.active, name))
			continue;
		for (size_t j = 0; j < catalog->n; j++)
			if (strcmp(catalog->series[j].component, name) == 0 && catalog->series[j].reason)
				return error_set(
					error, "no improvement for %s: %s", name, catalog->series[j].reason);
	}
	return 0;
}

/* Of a look at the whole repository, so that nothing is missing in it. */
static int keep_waiting(const Transaction *transaction, Error *error)
{
	if (transaction->components.count > 0)
		return 0;
	return waiting_save(transaction->engine->store, &transaction->waiting, error);
}

int step_check(Transaction *transaction, Error *error)
{
	Engine *engine = transaction->engine;
	uint64_t mounted = 0;

	if (overlay_open_base(engine->root, &transaction->usr, error) < 0 ||
		refresh(transaction, error) < 0 || keep_active(transaction, error) < 0 ||
		add_available(transaction, error) < 0 || answer_for_each_name(transaction, error) < 0 ||
		overlay_current(engine->root, &mounted, error) < 0 || plan_changes(transaction, error) < 0 ||
		keep_waiting(transaction, error) < 0 ||
		state_save(engine->store, &transaction->state, error) < 0 ||
		conflicts_check(&transaction->goal, error) < 0)
		return -1;
	if (transaction->n_changes == 0 && !guard_is_spoilt(engine) &&
		mounted == transaction->state.generation)
		return STEP_NOTHING;
	return 0;
}
