/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reads bits that were written by arithmetic coding: a coder (parts/delta/body/coder.h).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "parts/delta/body/coder.h"

typedef struct RangeDecoder {
	Coder coder; /* first: what is handed on */
	Bytes bytes;
	size_t at;
	uint32_t low, high, value;
} RangeDecoder;

void range_decoder_init(RangeDecoder *decoder, Bytes bytes);

/* Is what there is exactly what a writer of the bits that were read leaves? Asked behind the last bit. */
bool range_decoder_is_done(const RangeDecoder *decoder);
