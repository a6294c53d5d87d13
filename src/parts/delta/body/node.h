/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A probability that learns, in as few bytes as will do: there are half a million of them, and the time that
 * they take is mostly that of fetching them. For those that are mixed with others; adaptive.h has the finer
 * ones.
 */

#include <stddef.h>
#include <stdint.h>

/* Probability of a 1 in the upper 12 bits, how often it was used, at most 15 times, in the lower 4. */
typedef uint16_t Node;

#define NODE_INIT ((Node)0x8000)

enum { NODE_COUNT_MAX = 15 };

static inline unsigned node_count(Node node)
{
	return node & NODE_COUNT_MAX;
}

static inline void node_init(Node *nodes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		nodes[i] = NODE_INIT;
}
