/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The new bytes so far, and what followed when the last of them were seen before: that may follow again.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef struct History {
	uint8_t *ring;
	uint32_t *ends;  /* by the hash of a few bytes: 1 + where they ended last */
	uint64_t recent; /* the last eight bytes, the last one lowest */
	uint32_t n;      /* bytes ever */
	uint32_t from;   /* where the byte that may follow is */
	uint32_t length; /* how long what followed there has been right; 0: there is none */
	uint8_t next;    /* the byte that may follow */
} History;

int history_init(History *history, Error *error);
void history_clear_cleanup(History *history);

void history_add(History *history, uint8_t byte);

/* The bytes that come next follow these (at most the last 16 count), not the ones added last. */
void history_follow(History *history, const uint8_t *before, size_t n);

/* The last byte but n - 1, n from 1 to 8. */
static inline uint8_t history_back(const History *history, unsigned n)
{
	return (uint8_t)(history->recent >> (8 * (n - 1)));
}

/* Of the last n bytes, 1 to 8. */
static inline uint32_t history_hash(const History *history, unsigned n)
{
	return (uint32_t)((history->recent << (64 - 8 * n)) * 0x9e3779b97f4a7c15ull >> 32);
}

size_t history_memory(void);
