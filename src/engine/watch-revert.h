/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Taking a letter off again, from the watch: by the program `suture`, which may be among those that the
 * letter breaks. Then the base is shown first, for which nothing of what is installed is needed, and `suture`
 * begins on that.
 */

#include "engine/context.h"

typedef struct WatchRevert {
	char component[MANIFEST_NAME_MAX + 1]; /* "": none */
	char reason[ERROR_TEXT_SIZE];
	unsigned tries; /* that have failed */
} WatchRevert;

/* One try. */
int watch_revert_try(WatchRevert *revert, const Engine *engine, Error *error);
