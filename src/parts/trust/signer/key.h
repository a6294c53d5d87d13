/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Private keys of a publisher: Ed25519, one PEM file (PKCS #8) each, mode 0600. Publisher only.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

typedef struct SignerKey SignerKey;

int signer_key_generate(SignerKey **ret, Error *error);
/* Refuses a file that group or others may read. */
int signer_key_load(int directory, const char *name, SignerKey **ret, Error *error);
/* Never overwrites. */
int signer_key_save(const SignerKey *key, int directory, const char *name, Error *error);
SignerKey *signer_key_free(SignerKey *key);
DEFINE_CLEANUP(SignerKey *, signer_key_free);

/* The public half as TUF metadata writes it: {keytype, scheme, keyval: {public}}. Belongs to the key. */
json_t *signer_key_public(const SignerKey *key);

/* Its key id in lower-case hexadecimal. Belongs to the key. */
const char *signer_key_id(const SignerKey *key);

enum { SIGNER_SIGNATURE_SIZE = 64 };

int signer_key_sign(
	const SignerKey *key, Bytes message, uint8_t signature[static SIGNER_SIGNATURE_SIZE], Error *error);
