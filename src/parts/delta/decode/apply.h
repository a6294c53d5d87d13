/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Applies a delta: old files and the delta in memory (mapped), the new bytes out in order. No I/O of its
 * own, so it can be fuzzed and sandboxed. Anonymous memory stays below DELTA_APPLY_MEMORY, whatever the
 * delta claims.
 */

#include "parts/delta/format/format.h"

enum { DELTA_APPLY_MEMORY = 24 * 1024 * 1024 };

/* Takes the next bytes of the result. Returns < 0 to stop, with the error set. */
typedef int (*DeltaSink)(void *userdata, Bytes next, Error *error);

/*
 * sources[i] are the bytes of header->sources[i], in that order; their digests are checked here, before the
 * first byte comes out. The result's size and digest are checked at the end: until this returns 0, what the
 * sink got must not be used.
 */
int delta_apply(Bytes delta, const DeltaHeader *header, const Bytes *sources, DeltaSink sink, void *userdata,
	Error *error);
