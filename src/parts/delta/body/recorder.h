/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: coders that need no bytes. One keeps the bits that are written and gives them back to
 * who reads; one makes bits up.
 */

#include "base/bytes.h"
#include "base/test.h"
#include "parts/delta/body/coder.h"

typedef struct Recorder {
	Coder coder;
	Buffer bits; /* one byte each */
	size_t at;   /* of the next to be given back */
	double cost; /* how unlikely they were, added up */
} Recorder;

static inline unsigned recorder_write(Coder *coder, unsigned one, unsigned bit)
{
	Recorder *recorder = (Recorder *)coder;

	assert_true(one > 0 && one < 65536 && bit < 2);
	recorder->cost += 1 - (bit ? one : 65536 - one) / 65536.0;
	assert_int_equal(buffer_append(&recorder->bits, &(uint8_t){(uint8_t)bit}, 1, NULL), 0);
	return bit;
}

static inline unsigned recorder_read(Coder *coder, unsigned one, unsigned bit)
{
	Recorder *recorder = (Recorder *)coder;

	(void)one;
	(void)bit;
	assert_true(recorder->at < recorder->bits.size);
	return recorder->bits.data[recorder->at++];
}

#define RECORDER_WRITING \
	(Recorder) \
	{ \
		.coder = {.code = recorder_write } \
	}

/* From the first bit on. */
static inline void recorder_rewind(Recorder *recorder)
{
	recorder->coder.code = recorder_read;
	recorder->at = 0;
}

/* Bits that nobody wrote. */
typedef struct Noise {
	Coder coder;
	uint32_t state;
} Noise;

static inline unsigned noise_read(Coder *coder, unsigned one, unsigned bit)
{
	Noise *noise = (Noise *)coder;

	(void)bit;
	noise->state = noise->state * 1664525u + 1013904223u;
	/* Mostly what is likely, so that it goes deep. */
	return noise->state >> 28 == 0 ? noise->state >> 27 & 1 : one > 32768;
}
