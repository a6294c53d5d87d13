/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Packs one segment as a Zstandard frame, with a stretch of an old file as its prefix or without.
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

typedef struct Pack Pack;

int pack_new(Pack **ret, Error *error);
Pack *pack_free(Pack *pack);
DEFINE_CLEANUP(Pack *, pack_free);

/* At most SEGMENT_PACKED_MAX bytes. The prefix may be empty. The frame is appended to ret. */
int pack_segment(Pack *pack, Bytes bytes, Bytes prefix, Buffer *ret, Error *error);
