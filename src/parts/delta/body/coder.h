/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One bit at a time, with its probability: what the body of a delta is written with. The code that says which
 * bits there are, in which order and how likely each is exists once, for both sides: it hands every bit to a
 * Coder and goes on with the bit that comes back. A coder that writes gives back the bit it was handed, one
 * that reads gives back the next of the delta, whatever it was handed.
 */

#include <stdint.h>

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

typedef struct Coder Coder;
struct Coder {
	/* one: how likely the bit is to be 1, in 65536ths, from 1 to 65535. */
	unsigned (*code)(Coder *coder, unsigned one, unsigned bit);
	CoderPurpose purpose;
};

static inline unsigned coder_bit(Coder *coder, unsigned one, unsigned bit)
{
	return coder->code(coder, one, bit);
}
