/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The trusted metadata set of a TUF client (The Update Framework 1.0.x, section 5, "Detailed client
 * workflow"): bytes and the time in, verified objects or an error out. No I/O. Each update function verifies
 * signatures, thresholds, versions, hashes, lengths and expiry as the specification's step asks, and leaves
 * the set unchanged when it refuses.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "parts/trust/meta-file.h"
#include "parts/trust/root.h"
#include "parts/trust/snapshot.h"
#include "parts/trust/targets.h"
#include "parts/trust/timestamp.h"

typedef struct TrustedSet TrustedSet;

/* root: the root metadata that the caller trusts already (shipped, or stored earlier). now: the clock for
 * every expiry check of this set (TUF: fixed at the start of an update). */
int trusted_set_new(Bytes root, int64_t now, TrustedSet **ret, Error *error);
TrustedSet *trusted_set_free(TrustedSet *set);
DEFINE_CLEANUP(TrustedSet *, trusted_set_free);

enum {
	TRUSTED_ABSENT = 1,
	TRUSTED_SAME_VERSION = 1, /* timestamp: the version that is trusted already; kept, not an error */
	/* Verified and kept, but only good for rollback checks: it has expired, or the timestamp names
	 * another snapshot. The sentence says which. */
	TRUSTED_EXPIRED = 2,
	/* timestamp: refused, with the sentence set, for what it or its snapshot is older than: a rollback.
	 */
	TRUSTED_OLDER = 3,
};

/* The updates come in this order, each role as often as needed before the next one: root…, finish, timestamp,
 * snapshot, targets, delegated roles. */
int trusted_set_update_root(TrustedSet *set, Bytes root, Error *error);
/* After the last root: checks its expiry. */
int trusted_set_finish_root(TrustedSet *set, Error *error);
int trusted_set_update_timestamp(TrustedSet *set, Bytes timestamp, Error *error);
/* is_local: read from the cache, whose hash and version are not held against the new timestamp. Only then
 * TRUSTED_EXPIRED is returned; otherwise it is a failure. */
int trusted_set_update_snapshot(TrustedSet *set, Bytes snapshot, bool is_local, Error *error);
/* role: "targets" for the delegator "root", or a delegated role's name, which is then verified for its
 * delegator: a role that is in the set already. */
int trusted_set_update_targets(
	TrustedSet *set, Bytes targets, const char *role, const char *delegator, Error *error);

/* What is in the set so far; NULL when the role is not. Valid until the role is updated. */
const Root *trusted_set_root(const TrustedSet *set);
const Timestamp *trusted_set_timestamp(const TrustedSet *set);
const Snapshot *trusted_set_snapshot(const TrustedSet *set);

/* The file that the timestamp names as snapshot, and the one that the snapshot names for a targets role: what
 * to ask for, and how much of it at most. TRUSTED_ABSENT, with the sentence set, when the snapshot does not
 * list the role. */
int trusted_set_expect_snapshot(const TrustedSet *set, MetaFile *ret, Error *error);
int trusted_set_expect_targets(const TrustedSet *set, const char *role, MetaFile *ret, Error *error);

/* A targets role in the set, whoever delegated to it; NULL when it is not there. */
const Targets *trusted_set_targets(const TrustedSet *set, const char *role);

/* Verifies a role that is in the set for one more delegator; done at once when it was before. */
int trusted_set_verify_targets(TrustedSet *set, const char *role, const char *delegator, Error *error);
