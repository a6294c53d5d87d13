/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * After a package manager's work: what the base has left behind retires, the rest is to be active again. When
 * nothing retires, that is so at once, by a new overlay with the number that the state has: nothing is
 * written, so that it works on a full disk, too. A new one it must be, for an overlay does not see what has
 * changed below it.
 */

#include "engine/layers.h"
#include "engine/plan.h"
#include "engine/suspension.h"
#include "engine/transaction.h"

int step_resume(Transaction *transaction, Error *error)
{
	Engine *engine = transaction->engine;
	CLEANUP_CLOSE int lock = -1;

	if (improvements_copy(&transaction->state.active, engine->store, &transaction->goal, error) < 0 ||
		suspension_lock(engine->root_fd, &lock, error) < 0 ||
		plan_drop_retired(transaction, error) < 0 || plan_changes(transaction, error) < 0)
		return -1;
	if (transaction->n_changes > 0)
		return 0;
	if (layers_activate_checked(engine, transaction->state.generation, &transaction->goal, error) < 0)
		return -1;
	return STEP_NOTHING;
}
