/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Snapshot metadata (TUF 1.0.x section 4.4): the versions of all targets metadata that belong together.
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "parts/trust/meta-file.h"
#include "parts/trust/metadata.h"

enum { SNAPSHOT_ABSENT = 1 };

typedef struct Snapshot {
	Metadata metadata;
	json_t *meta; /* belongs to metadata; every entry was parsed once */
} Snapshot;

int snapshot_parse(Bytes text, Snapshot **ret, Error *error);
Snapshot *snapshot_free(Snapshot *snapshot);
DEFINE_CLEANUP(Snapshot *, snapshot_free);

/* SNAPSHOT_ABSENT, with the sentence set, when the role is not part of the repository. */
int snapshot_find(const Snapshot *snapshot, const char *role, MetaFile *ret, Error *error);

/* Rollback: every file of the older snapshot must be in the newer one, with the same or a higher version. */
int snapshot_check_succession(const Snapshot *older, const Snapshot *newer, Error *error);
