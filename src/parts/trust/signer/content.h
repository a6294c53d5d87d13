/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The signed part of each role's metadata, built and changed. Publisher only. What is not touched, fields
 * that this program does not know included, stays as it is.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "parts/trust/signer/repository.h"
#include "parts/trust/signer/signer.h"

/* First metadata, without version and expiry. */
int content_new_root(const SignerKeys *keys, json_t **ret, Error *error);
int content_new_targets(json_t **ret, Error *error);
int content_new_index(const char *type, json_t **ret, Error *error); /* "snapshot" or "timestamp" */

/* A copy to change. */
int content_copy(json_t *published, json_t **ret, Error *error);

/* Sets version to the one after previous (0 for none), and the time it expires. */
int content_date(json_t *content, int64_t previous, int64_t now, int64_t lifetime, Error *error);

int content_add_target(json_t *targets, const SignerTarget *target, Error *error);

/* In a snapshot's or timestamp's index: version, length and SHA-256 of "ROLE.json". */
int content_index_file(json_t *index, const char *role, const RepositoryFile *file, Error *error);
