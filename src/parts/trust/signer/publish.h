/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From signed drafts to a publication: who has to sign, who has, what else must be signed anew because of it.
 * Publisher only.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "parts/trust/signer/envelope.h"
#include "parts/trust/signer/key-set.h"
#include "parts/trust/signer/repository.h"
#include "parts/trust/signer/update.h"

/* How long metadata is good for, in seconds. Delegated roles are like targets. */
typedef struct Lifetimes {
	int64_t root, targets, snapshot, timestamp;
} Lifetimes;

enum { LIFETIME_MAX = 3650 * 24 * 3600 };

/* With what and when an operation signs. */
typedef struct Signing {
	const KeySet *keys;
	Lifetimes lifetimes;
	int64_t now;
} Signing;

enum {
	PUBLISH_ABSENT = 1,
	/* Not enough keys have signed; the sentence says who is missing. */
	PUBLISH_INCOMPLETE = 2,
};

/* Who may sign a role: as root and targets metadata of the update say, where it has them, or else as the
 * published ones. PUBLISH_ABSENT, with the sentence set, when nobody says so. Valid as long as both are. */
int publish_authority(
	const Repository *repository, const Update *update, const char *role, Authority *ret, Error *error);

/* The version that follows what is published of a role, or what was before its delegation was taken back. */
int publish_next_version(const Repository *repository, const char *role, int64_t *ret, Error *error);

/* Dates content as the next version of a role, signs it with those of the keys that may, and puts it into the
 * update. *ret_n (may be NULL, and is left alone for root): how many those were. */
int publish_sign_next(const Repository *repository, const Signing *signing, Update *update, const char *role,
	json_t *content, size_t *ret_n, Error *error);

/* Are the keys at hand enough to sign a role? */
int publish_can_sign(const Repository *repository, const Update *update, const Signing *signing,
	const char *role, bool *ret, Error *error);

/* Did enough keys sign a file of the update, and is what it delegates to there? PUBLISH_INCOMPLETE when not.
 */
int publish_check_file(
	const Repository *repository, const Update *update, const UpdateFile *file, Error *error);

/* May the role sign this path? */
int publish_check_path(
	const Repository *repository, const Update *update, const char *role, const char *path, Error *error);

/* May each role of the update sign the paths that are new in it, and are their bytes there? */
int publish_check_targets(const Repository *repository, const Update *update, Error *error);

/* Signs what has to be signed because of the update, and writes it all. renew: snapshot and timestamp are
 * signed anew in any case. PUBLISH_INCOMPLETE leaves the update as it was, and nothing written. */
int publish_update(Repository *repository, const Signing *signing, Update *update, bool renew, Error *error);

/* Where the bytes of a target belong: "targets/DIR/SHA256.NAME". The caller frees it. */
int publish_location(const char *path, const Digest *digest, char **ret, Error *error);
