/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Keys as they are given on the command line: the public half (NAME.pub), or the private key itself, as a
 * file or a URI.
 */

#include "base/error.h"
#include "parts/trust/signer/key-public.h"
#include "parts/trust/signer/key.h"

/* The public half, whichever is given. */
int given_key_public(const char *place, PublicHalf *ret, Error *error);

/* The same, and in *ret_key the private key; NULL when just the public half was given. */
int given_key_both(const char *place, PublicHalf *ret, SignerKey **ret_key, Error *error);

/* For people: "ed25519", "ecdsa" or "rsa"; "unusable" when no client would take it for the key with this id.
 */
const char *given_key_type(const json_t *object, const char *id);
