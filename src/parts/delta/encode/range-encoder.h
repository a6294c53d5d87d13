/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writes bits by arithmetic coding: a coder (parts/delta/body/coder.h).
 */

#include "base/bytes.h"
#include "parts/delta/body/coder.h"

typedef struct RangeEncoder {
	Coder coder; /* first: what is handed on */
	Buffer *out; /* borrowed */
	uint32_t low, high;
	bool failed; /* there was no memory */
} RangeEncoder;

/* Appends to out. */
void range_encoder_init(RangeEncoder *encoder, Buffer *out);

int range_encoder_finish(RangeEncoder *encoder, Error *error);
