/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which stretches of the new bytes come from where in the old ones: the longest that are the same, extended
 * over single differences.
 */

#include "parts/delta/body/layout.h"
#include "parts/delta/encode/suffix.h"

typedef void (*MatchProgress)(void *userdata, uint64_t done, uint64_t total);

typedef struct MatchJob {
	const Suffix *suffix; /* of old */
	Bytes old, new;
	/* A new place must have so many bytes more in common than what follows the last one: few make more
	 * and shorter blocks. */
	unsigned better;
	unsigned workers;       /* as parallel_run() takes them; they change nothing in what is found */
	MatchProgress progress; /* may be NULL; called by one thread at a time */
	void *userdata;
} MatchJob;

/* Blocks of the whole of new, in order, without overlap there. The caller frees *ret. */
int match_find(const MatchJob *job, Block **ret, uint32_t *ret_n, Error *error);
