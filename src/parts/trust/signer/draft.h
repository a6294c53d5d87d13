/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Drafts: the next version of a role's metadata while its signatures come together, as DIR/staged/N.ROLE.json
 * beside what is published. No client reads them. Publisher only.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "parts/trust/signer/update.h"

enum { DRAFT_ABSENT = 1 };

/* directory: DIR. The draft of this version goes into the update. */
int draft_read(int directory, const char *role, int64_t version, Update *ret, Error *error);

/* Each file of the update that waits for signatures: all but snapshot and timestamp. The first one, with
 * which a change began, comes last: when it is interrupted, the same change can be made again. */
int draft_write(int directory, const Update *update, Error *error);

/* When they are published. */
int draft_remove(int directory, const Update *update, Error *error);

/* A file from elsewhere: a draft, or a copy of one. *ret_role is "root", or what its name N.ROLE.json says;
 * it is not parsed further than that it is metadata of that role. The caller frees both. */
int draft_read_file(const char *path, json_t **ret, char **ret_role, Error *error);

/* Visits the names "N.ROLE.json" of all drafts, in order; other files are left alone. < 0 ends it. */
int draft_list(int directory, int (*visit)(void *userdata, const char *name, Error *error), void *userdata,
	Error *error);

/* What such a name says; those of snapshot and timestamp are none. The caller frees *ret_role. */
int draft_parse_name(const char *name, char **ret_role, int64_t *ret_version, Error *error);

/* "staged/N.ROLE.json"; the caller frees it. */
int draft_name(const char *role, int64_t version, char **ret, Error *error);
