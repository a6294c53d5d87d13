/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The signed part of each role's metadata, built and changed. Publisher only. What is not touched, fields
 * that this program does not know included, stays as it is.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

/* A target to add; its bytes are at DIR/targets/DIGEST-PREFIXED-PATH already, and durable. */
typedef struct SignerTarget {
	const char *path;
	uint64_t length;
	Digest digest;
} SignerTarget;

/* First metadata, without version and expiry. A new root's roles have no keys yet. */
int content_new_root(json_t **ret, Error *error);
int content_new_targets(json_t **ret, Error *error);
int content_new_index(const char *type, json_t **ret, Error *error); /* "snapshot" or "timestamp" */

/* A copy to change. */
int content_copy(json_t *published, json_t **ret, Error *error);

/* Sets the version, and the time it expires. */
int content_date(json_t *content, int64_t version, int64_t now, int64_t lifetime, Error *error);

int content_add_target(json_t *targets, const SignerTarget *target, Error *error);

/* In a snapshot's or timestamp's index: version, length and SHA-256 of "ROLE.json". */
int content_index_file(json_t *index, const char *role, int64_t version, Bytes file, Error *error);
