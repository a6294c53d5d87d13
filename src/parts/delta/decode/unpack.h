/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unpacks the packed stretches of a body (Zstandard, RFC 8878) in bounded memory: each goes whole into one
 * buffer, so that its frame needs no window.
 */

#include <stddef.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

typedef struct Unpack Unpack;

/* bytes (borrowed) are the frames, one behind the other. Takes no memory before the first is asked for. */
int unpack_new(Bytes bytes, Unpack **ret, Error *error);
Unpack *unpack_free(Unpack *unpack);
DEFINE_CLEANUP(Unpack *, unpack_free);

/* The next packed_size bytes are one frame, no more, of exactly size (at most BODY_PACKED_MAX) bytes. *ret is
 * valid until the next call. */
int unpack_next(Unpack *unpack, uint64_t packed_size, size_t size, Bytes *ret, Error *error);

/* Have all of them been asked for? */
bool unpack_is_done(const Unpack *unpack);
