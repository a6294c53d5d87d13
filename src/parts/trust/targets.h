/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Targets metadata (TUF 1.0.x section 4.5), top-level or delegated: the files it vouches for, and to whom it
 * delegates.
 */

#include <jansson.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "parts/trust/delegations.h"
#include "parts/trust/metadata.h"

enum { TARGETS_ABSENT = 1 };

typedef struct Targets {
	Metadata metadata;
	json_t *files; /* path → {length, hashes, …}; belongs to metadata, every entry was checked */
	Delegations delegations;
} Targets;

/* role: how sentences call it. */
int targets_parse(Bytes text, const char *role, Targets **ret, Error *error);
Targets *targets_free(Targets *targets);
DEFINE_CLEANUP(Targets *, targets_free);

typedef struct TargetsFile {
	const char *path; /* belongs to the Targets */
	uint64_t length;
	const json_t *hashes; /* one of a known algorithm at least */
	Digest digest;        /* SHA-256; zeros when only other hashes are listed */
} TargetsFile;

/* TARGETS_ABSENT when this role does not have the file; a failure when it has, but without a hash of a known
 * algorithm. */
int targets_find(const Targets *targets, const char *path, TargetsFile *ret, Error *error);
