/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The administrator's checks, once /usr shows what came: before that is the state, so that a letter which
 * breaks what they look at never was. They have run before the swap as well (step_activate): one that failed
 * then does not count. Where nothing comes, nothing is checked.
 */

#include "engine/health.h"

#include <stdio.h>

#include "engine/transaction.h"

/* Those that come, of the goal. */
static int find_arrivals(const Transaction *transaction, Improvements *ret, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++) {
		const Change *change = &transaction->changes[i];
		const Improvement *item = improvements_find(&transaction->goal, change->component);

		if (change->action == CHANGE_INSTALL && item &&
			improvements_put(ret, transaction->engine->store, &item->manifest_digest, 0, error) <
				0)
			return -1;
	}
	return 0;
}

static HealthSubject subject_of(
	const Transaction *transaction, HealthMoment moment, const Improvements *letters)
{
	const Engine *engine = transaction->engine;

	return (HealthSubject){engine->root, engine->root_fd, moment, letters};
}

int health_collect_for(Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (transaction->changes[i].action == CHANGE_INSTALL)
			return health_collect(transaction->engine->root_fd, &transaction->health, error);
	return 0;
}

int health_measure_before(Transaction *transaction, Error *error)
{
	CLEANUP_IMPROVEMENTS Improvements arrivals = IMPROVEMENTS_INIT;
	HealthSubject subject = subject_of(transaction, HEALTH_BEFORE, &arrivals);

	if (transaction->health.n == 0)
		return 0;
	if (find_arrivals(transaction, &arrivals, error) < 0)
		return -1;
	return health_measure(&transaction->health, &subject, error);
}

int step_health(Transaction *transaction, Error *error)
{
	CLEANUP_IMPROVEMENTS Improvements arrivals = IMPROVEMENTS_INIT;
	HealthSubject subject = subject_of(transaction, HEALTH_AFTER, &arrivals);
	Error why = ERROR_INIT;

	if (transaction->health.n == 0)
		return 0;
	if (find_arrivals(transaction, &arrivals, error) < 0 ||
		health_failed_to_json(&transaction->health, &transaction->failed_checks, error) < 0)
		return -1;
	if (health_judge(&transaction->health, &subject, &why) == 0)
		return 0;
	(void)snprintf(transaction->reason, sizeof(transaction->reason), "%s", why.text);
	transaction->harm = true;
	return error_set(error, "%.900s; what came is off again, and in quarantine", why.text);
}
