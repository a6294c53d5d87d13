/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unpacks compressed segments (Zstandard, RFC 8878) in bounded memory: the whole segment goes into one
 * buffer, so that the frame needs no window, and the prefix is read where it lies.
 */

#include <stddef.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

typedef struct Unpack Unpack;

int unpack_new(Unpack **ret, Error *error);
Unpack *unpack_free(Unpack *unpack);
DEFINE_CLEANUP(Unpack *, unpack_free);

/* packed is one frame, no more, of exactly length (at most SEGMENT_PACKED_MAX) bytes. *ret is valid until
 * the next call. */
int unpack_segment(Unpack *unpack, Bytes packed, Bytes prefix, size_t length, Bytes *ret, Error *error);

/* Bytes of memory it holds now. */
size_t unpack_memory(const Unpack *unpack);
