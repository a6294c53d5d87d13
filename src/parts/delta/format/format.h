/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The delta's container (docs/formats/delta.md): what it is made from and what it makes, stated up front
 * and bounded before anything is applied. Parsing is pure.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

enum {
	DELTA_SOURCES_MAX = 65536,
	DELTA_NAME_MAX = 1023, /* bytes of an old file's name */
};

static const uint64_t DELTA_RESULT_MAX = 4ull << 30; /* bytes */

/* One old file that the delta reads. */
typedef struct DeltaSource {
	char *name; /* a safe relative path; "." for the single file of `suture-delta diff` */
	uint64_t size;
	Digest digest;
} DeltaSource;

typedef struct DeltaHeader {
	DeltaSource *sources;
	uint32_t n_sources;
	uint64_t result_size;
	Digest result_digest;
	size_t size; /* bytes of the header itself; the body follows */
} DeltaHeader;

int delta_header_parse(Bytes delta, DeltaHeader *ret, Error *error);
int delta_header_write(const DeltaHeader *header, Buffer *ret, Error *error);
void delta_header_clear(DeltaHeader *header);
static inline void delta_header_clear_cleanup(DeltaHeader *header)
{
	delta_header_clear(header);
}
