/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/range-encoder.h"

#include "parts/delta/body/range-end.h"

static void put_byte(RangeEncoder *encoder, uint8_t byte)
{
	if (buffer_append(encoder->out, &byte, 1, NULL) < 0)
		encoder->failed = true;
}

static unsigned encode(Coder *coder, unsigned one, unsigned bit)
{
	RangeEncoder *encoder = (RangeEncoder *)coder;
	uint32_t middle = encoder->low + (uint32_t)((uint64_t)(encoder->high - encoder->low) * one >> 16);

	if (bit)
		encoder->high = middle;
	else
		encoder->low = middle + 1;
	while ((encoder->low ^ encoder->high) >> 24 == 0) {
		put_byte(encoder, (uint8_t)(encoder->high >> 24));
		encoder->low <<= 8;
		encoder->high = encoder->high << 8 | 255;
	}
	return bit;
}

void range_encoder_init(RangeEncoder *encoder, Buffer *out)
{
	*encoder = (RangeEncoder){.coder = {.code = encode}, .out = out, .high = UINT32_MAX};
}

int range_encoder_finish(RangeEncoder *encoder, Error *error)
{
	uint32_t value;
	unsigned n = range_end(encoder->low, encoder->high, &value);

	for (unsigned i = 0; i < n; i++)
		put_byte(encoder, (uint8_t)(value >> (24 - 8 * i)));
	return encoder->failed ? error_memory(error) : 0;
}
