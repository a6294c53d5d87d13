/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The publisher's directory of private keys: NAME.pem, or NAME.uri with one line that says where a key is
 * (key-uri.h). It lies beside the repository, never in it, since a repository is copied to a server. Which
 * role a key signs is what the metadata says; only those called root… are left alone in everyday work.
 */

#include "base/error.h"
#include "parts/trust/signer/key-set.h"
#include "programs/publisher/publisher.h"

/* "REPOSITORY.keys" unless path says otherwise; the caller frees it. */
int keys_path(const char *repository, const char *path, char **ret, Error *error);

/* A new key for a role in the directory: ROLE.pem and ROLE.pem.pub. */
int keys_generate(int directory, const char *role, const char *type, SignerKey **ret, Error *error);

/* A new directory, mode 0700. Refuses one that exists. */
int keys_make_directory(const char *path, int *ret_fd, Error *error);

/* The keys that a command may sign with: those that --key names; and those of the directory, unless --key is
 * there without --keys. */
int keys_at_hand(const PublisherSettings *settings, KeySet *ret, Error *error);
