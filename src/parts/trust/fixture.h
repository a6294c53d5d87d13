/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: keys of every kind, signed metadata made by hand, and a server and a store in memory.
 * It shares no code with the publisher's signer, so that the two check each other.
 */

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"

enum { FIXTURE_NOW = 1790000000, FIXTURE_FILES_MAX = 128 };

extern const char FIXTURE_GOOD[];    /* a time after FIXTURE_NOW */
extern const char FIXTURE_EXPIRED[]; /* and one before it */

typedef struct FixtureKey {
	EVP_PKEY *pair;
	const char *scheme;
	json_t *object;
	char id[DIGEST_HEX_SIZE];
} FixtureKey;

void fixture_key_make(const char *scheme, FixtureKey *ret);
void fixture_key_clear(FixtureKey *key);

/* Lower-case hexadecimal; the caller frees it. */
char *fixture_signature(const FixtureKey *key, Bytes message);

typedef struct Fixture {
	FixtureKey root, timestamp, snapshot, targets, other;
} Fixture;

void fixture_make(Fixture *ret);
void fixture_clear(Fixture *fixture);

/* Contents ("signed") of each role, good at FIXTURE_NOW; new references. */
json_t *fixture_root(const Fixture *fixture, int64_t version);
json_t *fixture_timestamp(int64_t version, int64_t snapshot_version);
json_t *fixture_snapshot(int64_t version, int64_t targets_version);
json_t *fixture_targets(int64_t version);

/* Lets key sign for a top-level role as well. */
void fixture_add_key(json_t *root, const char *role, const FixtureKey *key);
/* Lists a file with the SHA-256 of its own path. */
void fixture_add_target(json_t *targets, const char *path, int64_t length);
/* Appends a delegation of one pattern. */
void fixture_delegate(
	json_t *targets, const char *role, const FixtureKey *key, const char *pattern, bool terminating);

/* The file {signatures, signed}. Takes content; the caller clears the result. */
Buffer fixture_sign(json_t *content, const FixtureKey *key);
Buffer fixture_sign_twice(json_t *content, const FixtureKey *first, const FixtureKey *second);

/* Files by name. */
typedef struct FixtureFiles {
	struct {
		char *name;
		Buffer content;
	} files[FIXTURE_FILES_MAX];
	size_t count;
} FixtureFiles;

/* Takes content; replaces what was there. */
void fixture_put(FixtureFiles *files, const char *name, Buffer content);
void fixture_drop(FixtureFiles *files, const char *name);
const Buffer *fixture_get(const FixtureFiles *files, const char *name); /* NULL: none */
void fixture_files_clear(FixtureFiles *files);
