/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the bytes of a delta go: what is copied, what is new, and what each kind of thing that is said costs.
 */

#include "parts/delta/format/format.h"

typedef struct DeltaCost {
	const char *name; /* "layout", "blocks", "call" … : docs/formats/delta.md has them all */
	double bytes;     /* of the delta */
	uint64_t bits;    /* how many yes or no were asked for it */
} DeltaCost;

enum { DELTA_COSTS_MAX = 48 };

typedef struct DeltaAccount {
	uint64_t blocks;
	uint64_t copied, new; /* bytes of the result in blocks, and between them */
	uint32_t elf_files;   /* of the result, that are known to come from one */
	DeltaCost costs[DELTA_COSTS_MAX];
	uint32_t n_costs;
} DeltaAccount;

/* Applies the delta without keeping the result; takes what delta_apply() takes. */
int delta_explain(
	Bytes delta, const DeltaHeader *header, const Bytes *sources, DeltaAccount *ret, Error *error);
