/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The swap: one new generation over /usr with all of the goal's images, or the base again when the goal is
 * empty.
 */

#include "engine/layers.h"
#include "engine/transaction.h"

int step_activate(Transaction *transaction, Error *error)
{
	return layers_activate(transaction->engine, transaction->generation, &transaction->goal, error);
}
