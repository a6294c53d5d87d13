/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Undoes a swap that could not be committed: root/usr shows again what the state says, or the base, when that
 * has left behind what the state says: newer bytes are never hidden.
 */

#include "engine/layers.h"
#include "engine/plan.h"
#include "engine/transaction.h"

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

int step_revert(Transaction *transaction, Error *error)
{
	CLEANUP_STATE State state = STATE_INIT;

	/* The commit may have failed half-way: only the document says what is the state. */
	if (state_load(transaction->engine->store, &state, error) < 0 ||
		drop_all_when_one_retired(transaction, &state.active, error) < 0)
		return -1;
	return layers_activate(transaction->engine, state.generation, &transaction->goal, error);
}
