/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which old file, and where in it, is most like a piece of the new one? A sample of the old files' content,
 * chosen by the content itself (a rolling hash over 32 bytes), is looked up for the same sample of the piece.
 */

#include "parts/delta/encode/diff.h"

typedef struct Sketch Sketch;

int sketch_new(const DiffSource *sources, size_t n_sources, Sketch **ret, Error *error);
Sketch *sketch_free(Sketch *sketch);
DEFINE_CLEANUP(Sketch *, sketch_free);

enum { SKETCH_NOTHING = 1 };

/* The source that shares most with the piece, and the offset in it that the piece's start corresponds to.
 * SKETCH_NOTHING when there is none; then the outputs are untouched. */
int sketch_find(Sketch *sketch, Bytes piece, size_t *ret_source, uint64_t *ret_offset, Error *error);
