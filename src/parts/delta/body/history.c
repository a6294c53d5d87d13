/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/history.h"

#include <stdlib.h>

enum {
	RING = 1 << 20,
	KEY = 5, /* bytes that must have been seen before */
	END_BITS = 15,
	ENDS = 1 << END_BITS,
	LOOK_BACK = 32, /* how far a place that is found is compared */
	LENGTH_MAX = 65535,
};

int history_init(History *history, Error *error)
{
	/* Fresh memory is zero, and what is never touched costs nothing. */
	*history = (History){
		.ring = calloc(1, RING),
		.ends = calloc(ENDS, sizeof(*history->ends)),
	};
	return history->ring && history->ends ? 0 : error_memory(error);
}

void history_clear_cleanup(History *history)
{
	free(history->ring);
	free(history->ends);
}

size_t history_memory(void)
{
	return RING + ENDS * sizeof(uint32_t);
}

static uint8_t byte_at(const History *history, uint32_t at)
{
	return history->ring[at & (RING - 1)];
}

/* How many bytes before `at` are the same as the last ones. */
static uint32_t common_before(const History *history, uint32_t at)
{
	uint32_t n = 0;

	while (n < LOOK_BACK && n < at &&
		byte_at(history, at - 1 - n) == byte_at(history, history->n - 1 - n))
		n++;
	return n;
}

static void find_place(History *history, uint32_t at)
{
	/* The ring has gone over what is older. */
	if (at == 0 || history->n - at >= RING - LOOK_BACK)
		return;
	history->length = common_before(history, at);
	history->from = at;
	if (history->length < KEY)
		history->length = 0;
}

void history_add(History *history, uint8_t byte)
{
	uint32_t *end;

	history->ring[history->n & (RING - 1)] = byte;
	history->n++;
	history->recent = history->recent << 8 | byte;
	end = &history->ends[history_hash(history, KEY) >> (32 - END_BITS)];
	if (history->length > 0 && history->next == byte) {
		history->length += history->length < LENGTH_MAX;
		history->from++;
	} else {
		history->length = 0;
		find_place(history, *end);
	}
	*end = history->n;
	history->next = byte_at(history, history->from);
}

void history_follow(History *history, const uint8_t *before, size_t n)
{
	for (size_t i = n > 16 ? n - 16 : 0; i < n; i++)
		history_add(history, before[i]);
}
