/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Private keys of a publisher: Ed25519, one PEM file (PKCS #8) each, mode 0600. Publisher only.
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

typedef struct SignerKey SignerKey;

int signer_key_generate(SignerKey **ret, Error *error);
/* Refuses a file that group or others may read. */
int signer_key_load(int directory, const char *name, SignerKey **ret, Error *error);
/* Never overwrites. */
int signer_key_save(const SignerKey *key, int directory, const char *name, Error *error);
SignerKey *signer_key_free(SignerKey *key);
DEFINE_CLEANUP(SignerKey *, signer_key_free);
