/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Progress for people: one line that is redrawn on a terminal, one plain line per finished piece of work
 * elsewhere, nothing at all when quiet.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct Progress {
	FILE *out; /* NULL: quiet */
	bool terminal;
	const char *what; /* the piece of work under way, NULL when none is */
	int64_t drawn_ms;
} Progress;

/* Draws on out; NULL makes every call below a no-op. */
Progress progress_on(FILE *out);

/* Begins a piece of work: "fetching from-base.delta". what stays valid until progress_end(). */
void progress_begin(Progress *progress, const char *what);

/* done of total units; total 0 when it is unknown. Redraws at most ten times a second. */
void progress_update(Progress *progress, uint64_t done, uint64_t total);

/* Ends it with a short result behind it ("12,345 bytes"), or erases it when result is NULL. */
void progress_end(Progress *progress, const char *result);
