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

typedef struct TrustedSet TrustedSet;

/* root: the root metadata that the caller trusts already (shipped, or stored earlier). now: the clock for
 * every expiry check of this set (TUF: fixed at the start of an update). */
int trusted_set_new(Bytes root, int64_t now, TrustedSet **ret, Error *error);
TrustedSet *trusted_set_free(TrustedSet *set);
DEFINE_CLEANUP(TrustedSet *, trusted_set_free);

enum {
	TRUSTED_SAME_VERSION = 1, /* timestamp: the version that is trusted already; kept, not an error */
	TRUSTED_EXPIRED = 2,      /* loaded from the cache and only good for rollback checks */
};

int trusted_set_update_root(TrustedSet *set, Bytes root, Error *error);
/* After the last root: checks its expiry. */
int trusted_set_finish_root(TrustedSet *set, Error *error);
int trusted_set_update_timestamp(TrustedSet *set, Bytes timestamp, Error *error);
/* is_local: read from the cache, whose hash is not held against the new timestamp. */
int trusted_set_update_snapshot(TrustedSet *set, Bytes snapshot, bool is_local, Error *error);
/* role: "targets", or a delegated role's name, which is then verified for its delegator. */
int trusted_set_update_targets(
	TrustedSet *set, Bytes targets, const char *role, const char *delegator, Error *error);
