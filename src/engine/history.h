/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What was done on this device, the document "history" (docs/formats/state.md): the newest HISTORY_MAX
 * entries.
 */

#include <stdbool.h>

#include "base/json.h"
#include "engine/transaction.h"

enum { HISTORY_MAX = 1000 };

/* One entry for each of the transaction's changes, in place of those that have its number already. Durable
 * with the state, which is saved next. A history that cannot be read is set aside, and a new one begins. */
int history_append(const Transaction *transaction, Error *error);

/* The whole document, without what the state does not count among its transactions; an empty one when nothing
 * was ever done. store may be NULL. */
int history_read(const Store *store, json_t **ret, Error *error);

/* Was an improvement of this component ever installed here? */
int history_knows(const Store *store, const char *component, bool *ret, Error *error);

/* How often was it repaired since then? */
int history_repairs(const Store *store, const char *component, int64_t since, size_t *ret, Error *error);
