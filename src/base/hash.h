/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * SHA-256 (FIPS 180-4) through libcrypto.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 2 * DIGEST_SIZE + 1 };

typedef struct Digest {
	uint8_t bytes[DIGEST_SIZE];
} Digest;

bool digest_equal(const Digest *a, const Digest *b);

/* Lower-case hexadecimal into the caller's buffer, which is returned. */
const char *digest_to_hex(const Digest *digest, char hex[static DIGEST_HEX_SIZE]);
int digest_from_hex(const char *hex, Digest *ret, Error *error);

/* Incremental hashing. */
typedef struct Hash Hash;
int hash_new(Hash **ret, Error *error);
Hash *hash_free(Hash *hash);
DEFINE_CLEANUP(Hash *, hash_free);
int hash_update(Hash *hash, Bytes bytes, Error *error);
int hash_finish(Hash *hash, Digest *ret, Error *error); /* once; then only hash_free() */

int hash_bytes(Bytes bytes, Digest *ret, Error *error);

/* The whole file from its first byte, whatever its offset is (which stays). Fails with a short sentence
 * when more than max bytes come. *ret_size may be NULL. */
int hash_file(int fd, uint64_t max, Digest *ret, uint64_t *ret_size, Error *error);
