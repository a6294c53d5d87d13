/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Root metadata (TUF 1.0.x section 4.3): the keys of the four top-level roles.
 */

#include <stdbool.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "parts/trust/metadata.h"
#include "parts/trust/role.h"

typedef enum TopLevelRole {
	TOP_LEVEL_ROOT,
	TOP_LEVEL_TIMESTAMP,
	TOP_LEVEL_SNAPSHOT,
	TOP_LEVEL_TARGETS,
	TOP_LEVEL_ROLES,
} TopLevelRole;

typedef struct Root {
	Metadata metadata;
	KeyRing ring;
	Role roles[TOP_LEVEL_ROLES];
	bool consistent_snapshot; /* false when the file does not say */
} Root;

/* "root", "timestamp", "snapshot", "targets" */
const char *root_role_name(TopLevelRole role);
bool root_is_role_name(const char *name);

int root_parse(Bytes text, Root **ret, Error *error);
Root *root_free(Root *root);
DEFINE_CLEANUP(Root *, root_free);

/* Is metadata signed as this root asks of one of its roles? */
int root_verify(const Root *root, TopLevelRole role, const Metadata *metadata, Error *error);
