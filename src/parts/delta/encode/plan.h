/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Cuts the result into pieces that become one segment each: long runs of zeros, long stretches that are
 * unchanged, and the rest in pieces of at most SEGMENT_PACKED_MAX bytes.
 */

#include "parts/delta/encode/diff.h"

typedef enum PieceKind {
	PIECE_ZEROS,
	PIECE_COPY, /* equal to length bytes of the source from offset_in_source on */
	PIECE_DIFF, /* similar to what lies around offset_in_source, if there is a source */
} PieceKind;

typedef struct Piece {
	PieceKind kind;
	uint64_t offset, length; /* of the result */
	size_t source;           /* index, or SIZE_MAX for none */
	uint64_t offset_in_source;
} Piece;

typedef struct Plan {
	Piece *pieces; /* cover the result from its first to its last byte */
	size_t count, capacity;
} Plan;

/* Fails when the extents are not sorted, overlap, pass the end, or name a source that is not there. */
int plan_make(const DiffSource *sources, size_t n_sources, Bytes result, const DiffExtent *extents,
	size_t n_extents, Plan *ret, Error *error);

void plan_clear(Plan *plan);
static inline void plan_clear_cleanup(Plan *plan)
{
	plan_clear(plan);
}
