/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Is there room for what a transaction will write? Asked before it downloads: a disk that is full in the
 * middle of it helps nobody.
 */

#include "engine/transaction.h"

/* Counts what is in staging already. Fails with how much is needed and how much is free. */
int space_check(const Transaction *transaction, Error *error);
