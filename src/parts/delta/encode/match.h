/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which stretches of the new bytes come from where in the old ones: the longest that are the same, extended
 * over single differences.
 */

#include "parts/delta/body/layout.h"
#include "parts/delta/encode/suffix.h"

typedef void (*MatchProgress)(void *userdata, uint64_t done, uint64_t total);

/* Blocks of the whole of new, in order, without overlap there. A new place must have `better` bytes more in
 * common than what follows the last one: few make more and shorter blocks. The caller frees *ret. */
int match_find(const Suffix *suffix, Bytes old, Bytes new, unsigned better, MatchProgress progress,
	void *userdata, Block **ret, uint32_t *ret_n, Error *error);
