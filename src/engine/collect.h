/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Takes away what nothing needs any more: images of letters that are neither active nor in a generation that
 * is still mounted, manifests that neither the state nor the repository names, and what is left in staging.
 */

#include "engine/transaction.h"

/* Goes by the transaction's state as it is committed. Nothing is lost when it fails: the next run goes on. */
int collect_leftovers(const Transaction *transaction, Error *error);
