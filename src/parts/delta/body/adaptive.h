/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Probabilities that learn: of single bits, and of numbers made of such bits.
 */

#include <stdint.h>

#include "parts/delta/body/coder.h"

/* Probability of a 1 in the upper 22 bits, how often it was used in the lower 10. */
typedef uint32_t Adaptive;

#define ADAPTIVE_INIT ((Adaptive)1 << 31)

static inline unsigned adaptive_count(Adaptive model)
{
	return model & 31;
}

/* In 65536ths, within what coders take. */
static inline unsigned adaptive_one(Adaptive model)
{
	unsigned one = model >> 16;

	return one < 16 ? 16 : one > 65520 ? 65520 : one;
}

enum { ADAPTIVE_LIMIT_MAX = 31 };

extern const uint16_t adaptive_rates[ADAPTIVE_LIMIT_MAX + 1];

/* Steps shrink with experience until it has been used limit (at most ADAPTIVE_LIMIT_MAX) times. */
static inline void adaptive_learn(Adaptive *model, unsigned bit, unsigned limit)
{
	unsigned n = adaptive_count(*model);
	int32_t p = (int32_t)(*model >> 10);
	int32_t miss = (int32_t)(bit << 22) - p;

	/* A step is less than what is missing: p stays below 1. */
	p += (int32_t)((int64_t)miss * adaptive_rates[n] >> 16);
	*model = (uint32_t)p << 10 | (n + (n < limit));
}

/* Codes a bit by this model alone. */
unsigned adaptive_code(Adaptive *model, Coder *coder, unsigned bit);

/* Numbers of up to 64 bits: how many bits, then the bits, the upper ones by models of their own. */
typedef struct AdaptiveNumber {
	Adaptive width[128];
	Adaptive upper[65][16];
	Adaptive lower[64];
} AdaptiveNumber;

void adaptive_init(Adaptive *models, unsigned n);
void adaptive_number_init(AdaptiveNumber *model);
uint64_t adaptive_number_code(AdaptiveNumber *model, Coder *coder, uint64_t value);

/* With a sign: 0, -1, 1, -2 … */
int64_t adaptive_signed_code(AdaptiveNumber *model, Coder *coder, int64_t value);
