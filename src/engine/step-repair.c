/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads what is active from the disk, to its end, and decides what has to be fetched again: the same letters,
 * whatever else the repository has by now. When it fails, the caller goes back (engine/fit.h).
 */

#include "base/clock.h"
#include "base/log.h"
#include "engine/guard.h"
#include "engine/history.h"
#include "engine/plan.h"
#include "engine/transaction.h"
#include "parts/overlay/overlay.h"

/* A disk that spoils one image after the other is not given the next: it would be fetched for ever. */
enum { REPAIRS_MAX = 3, REPAIRS_SECONDS = 24 * 60 * 60 };

/* A history that the disk has spoilt as well holds nothing up: it begins anew with this repair. */
static int check_patience(const Transaction *transaction, const char *component, Error *error)
{
	Error why = ERROR_INIT;
	size_t n = 0;

	if (history_repairs(transaction->engine->store, component, clock_now() - REPAIRS_SECONDS, &n, &why) <
		0)
		log_warning("how often %s was repaired is not known: %s", component, why.text);
	return n < REPAIRS_MAX
		       ? 0
		       : error_set(error,
				 "%s was repaired %zu times within a day: look after the disk, then run "
				 "\"suture install\"",
				 component, n);
}

/* Why an image is no good is logged: the report has what was done about it. */
static int find_missing(const Transaction *transaction, size_t *ret_n, Error *error)
{
	const Engine *engine = transaction->engine;

	*ret_n = 0;
	for (size_t i = 0; i < transaction->goal.n; i++) {
		const Manifest *manifest = transaction->goal.items[i].manifest;
		Error why = ERROR_INIT;

		if (guard_check(engine, manifest, &why) == 0)
			continue;
		log_warning("%s: %s", manifest->component, why.text);
		if (store_has_blob(engine->store, STORE_IMAGE, &manifest->image_digest))
			continue;
		if (check_patience(transaction, manifest->component, error) < 0)
			return -1;
		++*ret_n;
	}
	return 0;
}

int step_repair(Transaction *transaction, Error *error)
{
	Engine *engine = transaction->engine;
	size_t n_missing = 0;
	uint64_t mounted = 0;

	if (improvements_copy(&transaction->state.active, engine->store, &transaction->goal, error) < 0 ||
		plan_drop_retired(transaction, error) < 0 ||
		find_missing(transaction, &n_missing, error) < 0 ||
		overlay_current(engine->root, &mounted, error) < 0)
		return -1;
	if (n_missing > 0 && (remote_open(engine, &transaction->remote, error) < 0 ||
				     remote_refresh(transaction->remote, error) < 0))
		return -1;
	if (plan_changes(transaction, error) < 0)
		return -1;
	if (transaction->n_changes == 0 && !guard_is_spoilt(engine) &&
		mounted == transaction->state.generation)
		return STEP_NOTHING;
	return 0;
}
