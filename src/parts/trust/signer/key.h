/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Private keys of a publisher: Ed25519, ECDSA on P-256, or RSA-PSS of 3072 bits and more, in a PEM file
 * (PKCS #8) of mode 0600 or wherever libcrypto's providers find one. Publisher only.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

enum { SIGNER_KEY_FILE_MAX = 16384 };

typedef struct SignerKey SignerKey;

/* Is there such a type of key: "ed25519", "ecdsa", "rsa"? */
int signer_key_check_type(const char *type, Error *error);

/* type: "ed25519", "ecdsa" or "rsa", as metadata's keytype. */
int signer_key_generate(const char *type, SignerKey **ret, Error *error);

/* Refuses a file that group or others may read. */
int signer_key_load(int directory, const char *name, SignerKey **ret, Error *error);

/* Only its public half, from PEM text, as key objects write it: that is what OpenSSL
 * gives for a key on a token. */
int signer_key_public_of_pem(Bytes text, json_t **ret, Error *error);

/* place: a file, or a URI with a scheme (key-uri.h). */
int signer_key_open(const char *place, SignerKey **ret, Error *error);

/* Never overwrites. Not possible for a key that does not leave its device. */
int signer_key_save(const SignerKey *key, int directory, const char *name, Error *error);

SignerKey *signer_key_free(SignerKey *key);
DEFINE_CLEANUP(SignerKey *, signer_key_free);

/* The public half as TUF metadata writes it: {keytype, scheme, keyval: {public}}. Belongs to the key. */
json_t *signer_key_public(const SignerKey *key);

/* Its key id in lower-case hexadecimal. Belongs to the key. */
const char *signer_key_id(const SignerKey *key);

/* Appends the raw signature. */
int signer_key_sign(const SignerKey *key, Bytes message, Buffer *ret, Error *error);
