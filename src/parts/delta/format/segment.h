/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The body of DELTA_METHOD_SEGMENTS (docs/formats/delta.md): segments in the order of the result, up to the
 * end of the body. Reading and writing one is pure.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/delta/format/format.h"

enum {
	/* Result bytes of a compressed segment: what a decoder keeps in memory. The other kinds stream. */
	SEGMENT_PACKED_MAX = 4 * 1024 * 1024,
};

typedef enum SegmentKind {
	SEGMENT_STORED = 0, /* the bytes themselves */
	SEGMENT_ZEROS = 1,
	SEGMENT_COPY = 2,     /* a stretch of an old file */
	SEGMENT_PACKED = 3,   /* one Zstandard frame */
	SEGMENT_PREFIXED = 4, /* one Zstandard frame; a stretch of an old file is its prefix */
} SegmentKind;

typedef struct Segment {
	SegmentKind kind;
	uint64_t length; /* bytes of the result, at least one */
	uint32_t source; /* index into DeltaHeader.sources: COPY, PREFIXED */
	uint64_t offset; /* in that source */
	uint64_t window; /* bytes of that source, at least one: PREFIXED; for a COPY it is the length */
	Bytes payload;   /* STORED, PACKED, PREFIXED; borrowed */
} Segment;

/* The next segment, every field of it within what header allows and within result_left bytes. Its payload
 * points into the reader's bytes. */
int segment_read(Reader *reader, const DeltaHeader *header, uint64_t result_left, Segment *ret, Error *error);

int segment_write(const Segment *segment, Buffer *ret, Error *error);
