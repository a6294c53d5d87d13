/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Undoes a swap that could not be committed: root/usr shows again what the state says.
 */

#include "engine/layers.h"
#include "engine/transaction.h"

int step_revert(Transaction *transaction, Error *error)
{
	CLEANUP_STATE State state = STATE_INIT;

	/* The commit may have failed half-way: only the document says what is the state. */
	if (state_load(transaction->engine->store, &state, error) < 0)
		return -1;
	return layers_activate(transaction->engine, state.generation, &state.active, error);
}
