/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Watching over what was activated lately (docs/watch.md): crashes of processes that had mapped the bytes of
 * an improvement count against it, and too many of them revert it. Ends when nothing is young any more.
 */

#include <stdbool.h>

#include "base/error.h"

typedef struct WatchOptions {
	const char *root;  /* NULL: "/" */
	const char *state; /* NULL: as the configuration says */
} WatchOptions;

enum { WATCH_NOTHING = 1 };

/* Runs until there is nothing to watch. ready (may be NULL) is called once it watches, with what it cannot
 * see here in the sentence, "" when that is nothing. WATCH_NOTHING when there was nothing from the beginning.
 */
int watch_run(const WatchOptions *options, void (*ready)(const char *limits), Error *error);
