/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Applies a delta: old files and the delta in memory (mapped), the new bytes out in order. No I/O of its
 * own, so it can be fuzzed and sandboxed. Anonymous memory, the parsed header's included, stays below
 * DELTA_APPLY_MEMORY, whatever the delta claims.
 */

#include "parts/delta/format/format.h"

enum { DELTA_APPLY_MEMORY = 24 * 1024 * 1024 };

/* Takes the next bytes of the result, a few MiB at most. Returns < 0 to stop, with the error set. */
typedef int (*DeltaSink)(void *userdata, Bytes next, Error *error);

/*
 * sources[i] are the bytes of header->sources[i], in that order; their digests are checked here, before the
 * first byte comes out. The result's size and digest are checked at the end: until this returns 0, what the
 * sink got must not be used.
 */
int delta_apply(Bytes delta, const DeltaHeader *header, const Bytes *sources, DeltaSink sink, void *userdata,
	Error *error);

enum { DELTA_OTHER_FILE = 1 };

/* Are these the bytes that the delta was made from? DELTA_OTHER_FILE, with a sentence, if not. delta_apply()
 * asks by itself; this is for those who want to know before, or to say it in their own words. */
int delta_check_source(const DeltaSource *source, Bytes bytes, Error *error);
