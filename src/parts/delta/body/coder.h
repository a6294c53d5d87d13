/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One bit at a time, with its probability: what the body of a delta is written with. The code that says which
 * bits there are, in which order and how likely each is exists once, for both sides: it hands every bit to a
 * Coder and goes on with the bit that comes back. A coder that writes gives back the bit it was handed, one
 * that reads gives back the next of the delta, whatever it was handed. Reading is here, as both sides can;
 * writing is the publisher's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* What a bit is spent on; whoever explains a delta adds them up. */
typedef enum CoderPurpose {
	CODER_LAYOUT,     /* where ELF files and segments lie */
	CODER_BLOCKS,     /* which stretch of old bytes goes where */
	CODER_RUNS,       /* where copied stretches differ */
	CODER_REFERENCES, /* which references were predicted wrongly, and what they are; one purpose each kind
			   */
	CODER_REFERENCES_LAST = CODER_REFERENCES + 31,
	CODER_KINDS,   /* what kind of bytes new bytes are */
	CODER_CODE,    /* new instructions */
	CODER_TARGETS, /* addresses in new instructions */
	CODER_STRINGS,
	CODER_DATA,
	CODER_PACKED, /* how long packed bytes are; the bytes themselves are beside the coder's */
	CODER_PURPOSES,
} CoderPurpose;

/* What references of a kind (ReferenceKind) cost. */
#define CODER_REFERENCE(kind) (CODER_REFERENCES + (unsigned)(kind))

/* An arithmetic code that is read. Behind the last byte there are zeros: the writer leaves them out. */
typedef struct CoderInput {
	Bytes bytes;
	size_t at; /* of the next byte, 4 ahead of what is decided */
	uint32_t low, high, value;
} CoderInput;

typedef struct Coder Coder;
struct Coder {
	/* one: how likely the bit is to be 1, in 65536ths, from 1 to 65535. NULL: it is read from input. */
	unsigned (*code)(Coder *coder, unsigned one, unsigned bit);
	CoderInput input;
	CoderPurpose purpose;
};

/* Makes a coder that reads these bytes, which must outlive it. */
void coder_read_from(Coder *coder, Bytes bytes);

/* Is what was read exactly what a writer of the same bits leaves? Asked behind the last bit. */
bool coder_is_at_end(const Coder *coder);

static inline uint32_t coder_next_byte(CoderInput *input)
{
	uint32_t byte = input->at < input->bytes.size ? input->bytes.data[input->at] : 0;

	input->at++;
	return byte;
}

/* Inline, because a device does little else while it makes new bytes. */
static inline unsigned coder_read(CoderInput *input, unsigned one)
{
	uint32_t middle = input->low + (uint32_t)((uint64_t)(input->high - input->low) * one >> 16);
	unsigned bit = input->value <= middle;

	if (bit)
		input->high = middle;
	else
		input->low = middle + 1;
	while ((input->low ^ input->high) >> 24 == 0) {
		input->low <<= 8;
		input->high = input->high << 8 | 255;
		input->value = input->value << 8 | coder_next_byte(input);
	}
	return bit;
}

static inline unsigned coder_bit(Coder *coder, unsigned one, unsigned bit)
{
	return coder->code ? coder->code(coder, one, bit) : coder_read(&coder->input, one);
}
