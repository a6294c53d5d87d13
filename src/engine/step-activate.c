/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The swap: one new generation over /usr with all of the goal's images, or the base again when the goal is
 * empty. The base is looked at once more: while downloads took their time, an update of the OS may have come.
 */

#include "engine/layers.h"
#include "engine/transaction.h"
#include "parts/manifest/base-check.h"

static int check_bases(const Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->goal.n; i++)
		if (base_check(transaction->goal.items[i].manifest, transaction->usr, error) != 0)
			return error_in(error, "the base has changed meanwhile; run the command again");
	return 0;
}

int step_activate(Transaction *transaction, Error *error)
{
	if (check_bases(transaction, error) < 0)
		return -1;
	return layers_activate(transaction->engine, transaction->generation, &transaction->goal, error);
}
