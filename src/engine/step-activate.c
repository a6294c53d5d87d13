/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The swap: one new generation over /usr with all of the goal's images, or the base again when the goal is
 * empty.
 */

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/exposure.h"
#include "engine/failing-units.h"
#include "engine/guard.h"
#include "engine/layers.h"
#include "engine/transaction.h"

/* What a disk has spoilt once it may spoil again: does it give back what was just written? */
static int check_repaired(const Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++) {
		const Change *change = &transaction->changes[i];

		if (change->action == CHANGE_REPAIR &&
			guard_check(transaction->engine, change->manifest, error) < 0)
			return error_in(error, "%s", change->component);
	}
	return 0;
}

/* Who uses now what the swap will replace. A swap does not fail for want of a prediction. */
static void predict(Transaction *transaction)
{
	CLEANUP_JSON json_t *exposed = NULL;
	Error error = ERROR_INIT;

	if (transaction->begin != EVENT_INSTALL || transaction->predicted)
		return;
	if (exposure_report(transaction->engine, &transaction->state, &transaction->goal, &exposed, &error) <
		0)
		log_warning("what will have to be restarted cannot be predicted: %s", error.text);
	else
		transaction->predicted = json_incref(json_object_get(exposed, "actions"));
}

/* Within which time a service that was started again is one that fails anyway. None where a letter has just
 * gone into quarantine: its harm can be what had it started again. */
static unsigned telling_minutes(const Transaction *transaction)
{
	const Trial *trial = &transaction->state.trial;
	int64_t minutes = transaction->engine->config.watch.minutes, since = clock_now() - minutes * 60;

	for (size_t i = 0; i < trial->n_quarantined; i++)
		if (trial->quarantined[i].time > since)
			return 0;
	return (unsigned)minutes;
}

/* What fails anyway says nothing about what comes, and nobody has watched it until now. An install does not
 * fail for want of knowing it. */
static void note_failing(Transaction *transaction)
{
	Error error = ERROR_INIT;

	if (transaction->begin != EVENT_INSTALL || transaction->failing_units ||
		strcmp(transaction->engine->root, "/") != 0)
		return;
	if (failing_units_list(telling_minutes(transaction), &transaction->failing_units, &error) < 0)
		log_warning("services that fail already may count against what comes: %s", error.text);
}

int step_activate(Transaction *transaction, Error *error)
{
	if (check_repaired(transaction, error) < 0 || health_measure_before(transaction, error) < 0)
		return -1;
	predict(transaction);
	note_failing(transaction);
	return layers_activate(transaction->engine, transaction->generation, &transaction->goal, error);
}
