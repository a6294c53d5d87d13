/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writes and signs TUF metadata for a repository directory. Publisher only.
 *
 * The repository's metadata lives in DIR/metadata (N.root.json, N.snapshot.json, N.targets.json,
 * timestamp.json: consistent snapshots), its targets in DIR/targets/PATH with the digest before the name. A
 * publication first adds immutable files, then replaces timestamp.json: a reader sees the old or the new
 * release, whole.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "parts/trust/signer/key.h"

/* The keys of the four top-level roles; those that an operation does not need may be NULL. */
typedef struct SignerKeys {
	const SignerKey *root, *targets, *snapshot, *timestamp;
} SignerKeys;

/* How long each role's metadata is good for, in seconds. */
typedef struct SignerLifetimes {
	int64_t root, targets, snapshot, timestamp;
} SignerLifetimes;

extern const SignerLifetimes SIGNER_DEFAULT_LIFETIMES; /* 1 year, 90 days, 14 days, 7 days */

/* Makes the first metadata (version 1 of each role, no targets) in an empty repository directory. */
int signer_init(
	int repository, const SignerKeys *keys, const SignerLifetimes *lifetimes, int64_t now, Error *error);

/* A target to add; the bytes are at DIR/targets/DIGEST-PREFIXED-PATH already and durable. */
typedef struct SignerTarget {
	const char *path;
	uint64_t length;
	Digest digest;
} SignerTarget;

/* Where the bytes of a target belong: "targets/DIR/SHA256.NAME". The caller frees it. */
int signer_target_location(const SignerTarget *target, char **ret, Error *error);

/* Publishes added and changed targets: new targets, snapshot and timestamp metadata. */
int signer_publish(int repository, const SignerKeys *keys, const SignerLifetimes *lifetimes, int64_t now,
	const SignerTarget *targets, size_t n_targets, Error *error);

/* Signs snapshot and timestamp anew, with the same targets. */
int signer_refresh(
	int repository, const SignerKeys *keys, const SignerLifetimes *lifetimes, int64_t now, Error *error);
