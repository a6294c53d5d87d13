/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The replaced files that a census looks for, sorted, and a tally of the subjects that one process uses.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "parts/census/census.h"

typedef struct Replaced Replaced;

/* Copies the list. */
int replaced_new(const CensusTarget *list, size_t n, Replaced **ret, Error *error);
Replaced *replaced_free(Replaced *targets);
DEFINE_CLEANUP(Replaced *, replaced_free);

/* All targets with this identity, *ret_n of them. */
const CensusTarget *replaced_find(const Replaced *targets, dev_t device, uint64_t inode, size_t *ret_n);

/* Starts the tally of another process. */
void replaced_begin(Replaced *targets);

/* Counts a subject; true when it is the first time for this process. */
bool replaced_count(Replaced *targets, size_t subject);
