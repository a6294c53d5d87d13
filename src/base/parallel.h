/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tasks that do not depend on each other, done by as many threads as there are processors. What comes out
 * does not depend on how many there are.
 */

#include <stddef.h>

#include "base/error.h"

/* Does the task with this number, from 0 on. */
typedef int (*ParallelTask)(void *userdata, size_t number, Error *error);

/*
 * Does n tasks, begun in their order, with at most so many threads, the caller's among them; 0: one for each
 * processor that this process may use. When tasks fail, no further ones are begun, and the first of those
 * that failed gives the error. A task may call this in turn.
 */
int parallel_run(size_t n, unsigned workers, ParallelTask task, void *userdata, Error *error);

/* How many threads parallel_run() makes of such a number of workers, given tasks enough: at least 1. */
unsigned parallel_workers(unsigned workers);
