/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the steps that fetch and rebuild share: there may be several ways to one image, from the smallest
 * delta to the whole image, and what is wrong with one of them is no reason to do without the fix.
 */

#include <stdbool.h>

#include "engine/transaction.h"

/* Brings change->download into staging; when the server has not got that file, the next way's, which
 * change->download is then. A network that fails is no such reason: the same download goes on next time. */
int fetch_any_way(Transaction *transaction, Change *change, Error *error);

/* Is this about a full or broken disk? No other way would help then. */
bool fetch_is_of_the_disk(const Error *error);
