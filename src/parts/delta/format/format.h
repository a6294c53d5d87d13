/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The delta's container (docs/formats/delta.md): what it is made from and what it makes, stated up front
 * and bounded before anything is applied. Parsing is pure.
 *
 * The container knows nothing of how the body says it: a new method of diffing is a new DeltaMethod and a
 * new body, in the same container.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

enum {
	DELTA_SOURCES_MAX = 16384,
	DELTA_NAME_MAX = 1023,              /* bytes of an old file's name */
	DELTA_HEADER_MAX = 2 * 1024 * 1024, /* bytes: it bounds what the names may take in memory */
};

static const uint64_t DELTA_RESULT_MAX = 4ull << 30; /* bytes */
static const uint64_t DELTA_SOURCE_MAX = 4ull << 30; /* bytes of one old file */

/* What the result is to `suture-delta`; everything else makes and takes files. */
typedef enum DeltaKind {
	DELTA_KIND_FILE = 0,
	DELTA_KIND_TREE = 1, /* a tar archive that stands for a directory tree */
} DeltaKind;

/* How the body is written. */
typedef enum DeltaMethod {
	DELTA_METHOD_BODY = 3, /* parts/delta/body/ */
} DeltaMethod;

/* One old file that the delta reads. */
typedef struct DeltaSource {
	char *name; /* a safe relative path; "." for the single file of `suture-delta diff` */
	uint64_t size;
	Digest digest;
} DeltaSource;

typedef struct DeltaHeader {
	DeltaKind kind;
	DeltaMethod method;
	DeltaSource *sources; /* sorted by name as strcmp() does, no name twice; "." stands alone */
	uint32_t n_sources;
	uint64_t result_size;
	Digest result_digest;
	uint64_t body_size;
	size_t size; /* bytes of the header itself; the body follows. Set by parsing, ignored by writing */
} DeltaHeader;

/* delta is the whole delta: one that ends early or has more behind its body is refused. */
int delta_header_parse(Bytes delta, DeltaHeader *ret, Error *error);

/* The body of DELTA_METHOD_BODY: four bytes that say how many bytes are packed, what the coder wrote, and the
 * packed bytes. */
int delta_body_parse(Bytes body, Bytes *ret_coded, Bytes *ret_packed, Error *error);
int delta_body_write(Bytes coded, Bytes packed, Buffer *ret, Error *error);

/* Appends. Fails on everything that parsing would refuse. */
int delta_header_write(const DeltaHeader *header, Buffer *ret, Error *error);

void delta_header_clear(DeltaHeader *header);
static inline void delta_header_clear_cleanup(DeltaHeader *header)
{
	delta_header_clear(header);
}
