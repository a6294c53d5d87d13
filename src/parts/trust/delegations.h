/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Delegations (TUF 1.0.x section 4.5): to which roles a targets role hands parts of its paths on, by path
 * patterns, by prefixes of the path's SHA-256, or by succinct hash bins.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/hash.h"
#include "parts/trust/role.h"

enum {
	DELEGATIONS_MAX = 4096,
	DELEGATIONS_END = 1,
};

/* One listed role. What it may speak for is in either of the arrays of strings. */
typedef struct DelegatedRole {
	const char *name;
	Role role;
	bool terminating;
	const json_t *paths, *hash_prefixes;
} DelegatedRole;

typedef struct Delegations {
	KeyRing ring;
	DelegatedRole *roles;
	size_t count;
	/* Instead of the list: 2^bits roles called PREFIX-NUMBER, for the first bits of the path's digest. */
	unsigned bits;
	const char *prefix;
	Role bin;
} Delegations;

/* From a "delegations" object, which it borrows from. */
int delegations_parse(const json_t *object, Delegations *ret, Error *error);
void delegations_clear(Delegations *delegations);

/* The keys for a delegated role; NULL when nothing is delegated to it. */
const Role *delegations_role(const Delegations *delegations, const char *name);

/* What the walk over the roles asks for: those that may speak for the path itself, or (below) for any path
 * that begins with it. */
typedef struct DelegationsQuery {
	const char *path;
	Digest digest; /* of path; unused below */
	bool below;
} DelegationsQuery;

int delegations_query(const char *path, bool below, DelegationsQuery *ret, Error *error);

/* The next role from *at on, which starts at 0; its name, which the caller frees, and whether the search
 * ends with it. DELEGATIONS_END behind the last. */
int delegations_next(const Delegations *delegations, const DelegationsQuery *query, size_t *at,
	char **ret_name, bool *ret_terminating, Error *error);
