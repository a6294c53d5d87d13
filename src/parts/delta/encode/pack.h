/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Packs stretches of new bytes as Zstandard frames, one behind the other.
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

typedef struct Pack Pack;

/* Either whatever is long is to be packed, or only what the models could not make smaller. */
int pack_new(bool all, Pack **ret, Error *error);
Pack *pack_free(Pack *pack);
DEFINE_CLEANUP(Pack *, pack_free);

/* As BodyWriting wants them: pack is a Pack. */
bool pack_is_wanted(void *pack, Bytes bytes);
int pack_append(void *pack, Bytes bytes, uint64_t *ret_packed_size, Error *error);

/* All frames so far. */
Bytes pack_bytes(const Pack *pack);
