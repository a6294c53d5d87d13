/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files with the public half of a key, to be handed over without the private one: the key object as TUF
 * metadata writes it, {keytype, scheme, keyval: {public}}, in JSON. Publisher only.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

typedef struct PublicHalf {
	json_t *object;
	char id[DIGEST_HEX_SIZE];
} PublicHalf;

/* Does it begin as one, rather than as a private key? */
bool key_public_is_one(Bytes text);

/* In JSON or, as OpenSSL writes it, in PEM. Refuses what clients could not verify a signature with. */
int key_public_read(int directory, const char *name, PublicHalf *ret, Error *error);

/* Never overwrites. */
int key_public_write(const json_t *object, int directory, const char *name, Error *error);

void key_public_clear(PublicHalf *half);
static inline void key_public_clear_cleanup(PublicHalf *half)
{
	key_public_clear(half);
}
#define CLEANUP_PUBLIC_HALF __attribute__((cleanup(key_public_clear_cleanup)))
