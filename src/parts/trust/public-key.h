/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Public keys of TUF metadata (TUF 1.0.x section 4.2.3) and the signatures made with them: ed25519,
 * ecdsa-sha2-nistp256 and -nistp384, rsassa-pss-sha256.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

enum { PUBLIC_KEY_UNUSABLE = 1 };

typedef struct PublicKey PublicKey;

/* From a key object {keytype, scheme, keyval: {public}}. PUBLIC_KEY_UNUSABLE, with the reason in the
 * sentence, when the scheme is unknown or its key material is not valid: such a key verifies nothing, but
 * does not spoil the file that lists it. */
int public_key_new(const json_t *object, PublicKey **ret, Error *error);
PublicKey *public_key_free(PublicKey *key);
DEFINE_CLEANUP(PublicKey *, public_key_free);

/* Are they the same key, whatever they are called and however they are written? */
bool public_key_same(const PublicKey *a, const PublicKey *b);

bool public_key_verifies(const PublicKey *key, Bytes message, Bytes signature);
