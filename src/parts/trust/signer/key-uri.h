/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Private keys that a URI names, through libcrypto's OSSL_STORE: whatever the providers serve that OpenSSL is
 * configured with, a PKCS #11 token ("pkcs11:…") for instance, or a file ("file:…") with a password. A
 * password or PIN that the URI does not bring is asked for on the terminal. Publisher only.
 */

#include <openssl/types.h>
#include <stdbool.h>

#include "base/error.h"

/* Does it begin with a scheme? "./a:b" is a file for whoever has such a name. */
bool key_uri_is_one(const char *place);

/* Refuses a URI that leads to no private key, or to more than one. */
int key_uri_load(const char *uri, EVP_PKEY **ret, Error *error);
