/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The swap: one new generation over /usr with all of the goal's images, or the base again when the goal is
 * empty.
 */

#include <stdlib.h>

#include "engine/layers.h"
#include "engine/transaction.h"
#include "parts/overlay/overlay.h"

int step_activate(Transaction *transaction, Error *error)
{
	Engine *engine = transaction->engine;

	return layers_activate(engine, transaction->generation, &transaction->goal, error);
}
