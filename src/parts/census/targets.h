/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The targets of a census, sorted for look-up, and a tally of the subjects that one process uses.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "parts/census/census.h"

typedef struct Targets Targets;

/* Copies the list. */
int targets_new(const CensusTarget *list, size_t n, Targets **ret, Error *error);
Targets *targets_free(Targets *targets);
DEFINE_CLEANUP(Targets *, targets_free);

/* All targets with this identity, *ret_n of them. */
const CensusTarget *targets_find(const Targets *targets, dev_t device, uint64_t inode, size_t *ret_n);

/* Starts the tally of another process. */
void targets_begin(Targets *targets);

/* Counts a subject; true when it is the first time for this process. */
bool targets_count(Targets *targets, size_t subject);
