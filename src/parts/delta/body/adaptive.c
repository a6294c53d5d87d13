/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/adaptive.h"

/* 65536 / (n + 1.6): nearly the mean of what was seen. */
const uint16_t adaptive_rates[ADAPTIVE_LIMIT_MAX + 1] = {
	40960,
	25206,
	18204,
	14246,
	11702,
	9929,
	8623,
	7620,
	6826,
	6182,
	5649,
	5201,
	4818,
	4488,
	4201,
	3947,
	3723,
	3523,
	3343,
	3181,
	3034,
	2899,
	2776,
	2664,
	2560,
	2463,
	2374,
	2291,
	2214,
	2141,
	2073,
	2010,
};

/* What was seen long ago says little: nothing is known for more than so many times. */
enum { LIMIT = 30, WIDTH_BITS = 7 };

unsigned adaptive_code(Adaptive *model, Coder *coder, unsigned bit)
{
	bit = coder_bit(coder, adaptive_one(*model), bit);
	adaptive_learn(model, bit, LIMIT);
	return bit;
}

void adaptive_init(Adaptive *models, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		models[i] = ADAPTIVE_INIT;
}

void adaptive_number_init(AdaptiveNumber *model)
{
	adaptive_init(model->width, 128);
	adaptive_init(&model->upper[0][0], 65 * 16);
	adaptive_init(model->lower, 64);
}

static unsigned bits_of(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

uint64_t adaptive_number_code(AdaptiveNumber *model, Coder *coder, uint64_t value)
{
	unsigned width = bits_of(value);
	unsigned node = 1;
	uint64_t result;

	for (unsigned i = WIDTH_BITS; i-- > 0;)
		node = node << 1 | adaptive_code(&model->width[node], coder, width >> i & 1);
	width = node & ((1u << WIDTH_BITS) - 1);
	width = width < 64 ? width : 64;
	if (width < 2)
		return width;
	result = 1;
	for (unsigned i = width - 1; i-- > 0;) {
		unsigned above = width - 2 - i; /* how many bits are known */
		unsigned bit = value >> i & 1;

		bit = above < 3 ? adaptive_code(&model->upper[width][result & 15], coder, bit)
				: adaptive_code(&model->lower[i], coder, bit);
		result = result << 1 | bit;
	}
	return result;
}

int64_t adaptive_signed_code(AdaptiveNumber *model, Coder *coder, int64_t value)
{
	uint64_t folded = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);

	folded = adaptive_number_code(model, coder, folded);
	return (int64_t)(folded >> 1) ^ -(int64_t)(folded & 1);
}
