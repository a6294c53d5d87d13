/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a publisher does with a repository directory: begin it, add targets, keep it fresh, change who may
 * sign what, and bring signatures together that are given apart. Publisher only.
 *
 * The repository's metadata lives in DIR/metadata (N.root.json, N.snapshot.json, N.targets.json, N.ROLE.json,
 * timestamp.json: consistent snapshots), its targets in DIR/targets/PATH with the digest before the name.
 * What the keys at hand are not enough for waits in DIR/staged (draft.h).
 */

#include <stdint.h>

#include "base/error.h"
#include "parts/trust/signer/content.h"
#include "parts/trust/signer/key-public.h"
#include "parts/trust/signer/publish.h"

extern const Lifetimes SIGNER_DEFAULT_LIFETIMES; /* 1 year, 90 days, 14 days, 7 days */

/* What became of it. */
enum {
	SIGNER_DRAFT = 1,  /* it is a draft now; the sentence says which signatures are missing */
	SIGNER_IDLE = 2,   /* there was nothing to publish */
	SIGNER_PARTLY = 3, /* it is published, but for drafts that wait; the sentence says for what */
};

/* Begins a repository in an empty directory, with the content of its first root: content_new_root(), with
 * keys. */
int signer_begin(int directory, const Signing *signing, json_t *root, Error *error);

/* Publishes added and changed targets of a role. */
int signer_add_targets(int directory, const Signing *signing, const char *role, const SignerTarget *targets,
	size_t n_targets, Error *error);

/* May the role sign this path, and is it ready for a next version? To be asked before long work. */
int signer_check_role(int directory, const char *role, const char *path, Error *error);

/* Signs snapshot and timestamp anew, and each other role for which the keys at hand are enough; or just one
 * targets role, when it is named. */
int signer_refresh(int directory, const Signing *signing, const char *role, Error *error);

/* What is to change about a role. Nothing set: it is only signed anew. */
typedef struct RoleChange {
	const PublicHalf *add;
	size_t n_add;
	const char *const *remove; /* key ids */
	size_t n_remove;
	int64_t threshold;   /* 0: as it was */
	const char *pattern; /* what is delegated to it; NULL: as it was */
	bool terminating;    /* with pattern: nobody behind the role is asked for what it may sign */
	bool end;            /* the delegation ends */
} RoleChange;

/* Of a top-level role: makes the draft of the next root, which is signed by itself. Of a delegated role: the
 * next targets metadata, and the role's own when it must be signed anew for that. */
int signer_change_role(
	int directory, const Signing *signing, const char *role, const RoleChange *change, Error *error);
