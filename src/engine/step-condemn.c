/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Decides what is left when letters that did harm are taken off, and what the base has left behind with them.
 * A component of theirs shows the base then: an older letter has holes that are known by now, and its image
 * may be gone.
 */

#include "engine/plan.h"
#include "engine/transaction.h"

int step_condemn(Transaction *transaction, Error *error)
{
	if (improvements_copy(
		    &transaction->state.active, transaction->engine->store, &transaction->goal, error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->components.count; i++) {
		const char *component = transaction->components.names[i];

		if (!improvements_find(&transaction->goal, component))
			return error_set(error,
				"no improvement of \"%s\" is active; \"suture status\" lists what is",
				component);
		improvements_drop(&transaction->goal, component);
	}
	if (plan_drop_retired(transaction, error) < 0)
		return -1;
	return plan_changes(transaction, error);
}
