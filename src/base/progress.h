/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Progress for people: one line that is redrawn on a terminal, one plain line per finished piece of work
 * elsewhere, nothing at all when quiet. Or for another process, which shows it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Hears of a piece of work under way: done of total; or of its end, when result is not NULL: then that is the
 * short result, "" where it has none. */
typedef void (*ProgressListener)(
	void *userdata, const char *what, uint64_t done, uint64_t total, const char *result);

typedef struct Progress {
	FILE *out; /* NULL: quiet */
	bool terminal;
	const char *what; /* the piece of work under way, NULL when none is */
	int64_t drawn_ms;
	ProgressListener listener; /* may be NULL */
	void *userdata;
} Progress;

/* Draws on out; NULL makes every call below a no-op. */
Progress progress_on(FILE *out);

/* Draws nothing, and tells the listener, as often as it would redraw. */
Progress progress_to(ProgressListener listener, void *userdata);

/* Begins a piece of work: "fetching from-base.delta". what stays valid until progress_end(). */
void progress_begin(Progress *progress, const char *what);

/* done of total units; total 0 when it is unknown. Redraws at most ten times a second. */
void progress_update(Progress *progress, uint64_t done, uint64_t total);

/* Ends it with a short result behind it ("12,345 bytes"), or erases it when result is NULL. */
void progress_end(Progress *progress, const char *result);
