/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The publisher's directory of private keys, one file a role: root.pem, targets.pem, snapshot.pem and
 * timestamp.pem. It lies beside the repository, never in it, since a repository is copied to a server.
 */

#include "base/error.h"
#include "parts/trust/signer/signer.h"

typedef struct Keys {
	SignerKey *root, *targets, *snapshot, *timestamp;
} Keys;

void keys_clear(Keys *keys);
static inline void keys_clear_cleanup(Keys *keys)
{
	keys_clear(keys);
}
#define CLEANUP_KEYS __attribute__((cleanup(keys_clear_cleanup)))

/* "REPOSITORY.keys" unless path says otherwise; the caller frees it. */
int keys_path(const char *repository, const char *path, char **ret, Error *error);

/* A new directory (mode 0700) with four new keys. Refuses one that exists. */
int keys_generate(const char *path, Keys *ret, Error *error);

/* The keys of everyday work: targets, snapshot and timestamp. The root key stays where it is; it may be away,
 * and with only_online the targets key too: then it is NULL. */
int keys_load(const char *path, bool only_online, Keys *ret, Error *error);

SignerKeys keys_for_signer(const Keys *keys);
