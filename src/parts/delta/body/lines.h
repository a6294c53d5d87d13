/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What was seen in which context: a table of lines, each the models of one context for four bits. Which line
 * is a context's follows from a hash of it. Lines that are used little give way to new ones.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/delta/body/node.h"

/* One model for each node of the tree of four bits: 1 for the first bit, 2 and 3 for the second, up to 15. */
typedef struct Line {
	uint16_t check; /* 0: the line is free */
	Node nodes[15];
} Line;

typedef struct Lines {
	Line *lines; /* in pairs that do not cross what memory is fetched by */
	unsigned bits;
	void *memory;
} Lines;

/* 2^bits lines, bits from 1 to 16. */
int lines_init(Lines *lines, unsigned bits, Error *error);
void lines_clear_cleanup(Lines *lines);

static inline Line *lines_pair(const Lines *lines, uint32_t hash)
{
	return &lines->lines[hash >> (32 - lines->bits) & ~1u];
}

/* Has the processor fetch what lines_find() will look at. */
static inline void lines_prefetch(const Lines *lines, uint32_t hash)
{
	__builtin_prefetch(lines_pair(lines, hash), 1);
}

/* The line of the context with that hash; a new one when there is none. */
Line *lines_find(const Lines *lines, uint32_t hash);

size_t lines_memory(const Lines *lines);
