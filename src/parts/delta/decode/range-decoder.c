/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/decode/range-decoder.h"

#include "parts/delta/body/range-end.h"

/* Behind the end there are zeros: the writer leaves them out. */
static uint32_t next_byte(RangeDecoder *decoder)
{
	uint32_t byte = decoder->at < decoder->bytes.size ? decoder->bytes.data[decoder->at] : 0;

	decoder->at++;
	return byte;
}

static unsigned decode(Coder *coder, unsigned one, unsigned bit)
{
	RangeDecoder *decoder = (RangeDecoder *)coder;
	uint32_t middle = decoder->low + (uint32_t)((uint64_t)(decoder->high - decoder->low) * one >> 16);

	bit = decoder->value <= middle;
	if (bit)
		decoder->high = middle;
	else
		decoder->low = middle + 1;
	while ((decoder->low ^ decoder->high) >> 24 == 0) {
		decoder->low <<= 8;
		decoder->high = decoder->high << 8 | 255;
		decoder->value = decoder->value << 8 | next_byte(decoder);
	}
	return bit;
}

void range_decoder_init(RangeDecoder *decoder, Bytes bytes)
{
	*decoder = (RangeDecoder){.coder = {.code = decode}, .bytes = bytes, .high = UINT32_MAX};
	for (unsigned i = 0; i < 4; i++)
		decoder->value = decoder->value << 8 | next_byte(decoder);
}

bool range_decoder_is_done(const RangeDecoder *decoder)
{
	uint32_t value;
	unsigned n = range_end(decoder->low, decoder->high, &value);

	/* Four bytes are looked ahead. */
	return decoder->value == value && decoder->bytes.size == decoder->at - 4 + n;
}
