/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Between the swap and the commit is the place of restarts. Today restarts are asked for ("suture restart"),
 * so that nothing is cut off by an install; a process that starts from now on is on the new bytes already.
 */

#include "engine/transaction.h"

int step_restart(Transaction *transaction, Error *error)
{
	(void)transaction;
	(void)error;
	return 0;
}
