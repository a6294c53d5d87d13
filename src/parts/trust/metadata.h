/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What all TUF metadata files have in common (TUF 1.0.x section 4.2): the envelope {signatures, signed} and,
 * inside signed, _type, spec_version, version and expires. Parsing verifies no signature; that is role.h.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum {
	METADATA_SIZE_MAX = 16 * 1024 * 1024,
	METADATA_SIGNATURES_MAX = 1024,
	METADATA_NAME_MAX = 255,
	METADATA_EXPIRED = 1,
};

typedef struct Metadata {
	json_t *document;
	json_t *signatures; /* these two belong to document */
	json_t *content;    /* "signed", with every field it came with */
	int64_t version;    /* 1 or more */
	int64_t expires;
} Metadata;

/* type: the _type it must have. Refused as well: another major version of the specification, and signatures
 * that name a key id twice. role names the file in the sentence. */
int metadata_parse(Bytes text, const char *type, const char *role, Metadata *ret, Error *error);
void metadata_clear(Metadata *metadata);
static inline void metadata_clear_cleanup(Metadata *metadata)
{
	metadata_clear(metadata);
}
#define CLEANUP_METADATA __attribute__((cleanup(metadata_clear_cleanup)))

/* METADATA_EXPIRED, with the sentence set, when it is not good any more at the time now. */
int metadata_check_expiry(const Metadata *metadata, const char *role, int64_t now, Error *error);

/* The signatures cover this. */
int metadata_canonical(const Metadata *metadata, Buffer *ret, Error *error);
