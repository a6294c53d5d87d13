/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who may sign what, in metadata that is being changed: the four roles of a root, or the roles that targets
 * metadata delegates to. Publisher only.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "parts/trust/signer/key-public.h"

enum { ROLE_LIST_ABSENT = 1 };

/* One role's entry. Borrowed from the content. */
typedef struct RoleEntry {
	const char *name;
	json_t *content, *role;
} RoleEntry;

/* content: of root or targets metadata. ROLE_LIST_ABSENT, with the sentence set, when it has no such role. */
int role_list_find(json_t *content, const char *name, RoleEntry *ret, Error *error);

/* Refuses a key that the role has. */
int role_list_add_key(const RoleEntry *entry, const PublicHalf *key, Error *error);

/* id: a key id or at least its first 8 digits; refused when the role has no such key, or more than one. */
int role_list_remove_key(const RoleEntry *entry, const char *id, Error *error);

int role_list_set_threshold(const RoleEntry *entry, int64_t threshold, Error *error);

/* After the changes: are there as many keys as must sign? */
int role_list_check(const RoleEntry *entry, Error *error);

/* Delegates the paths that match a pattern; the role is new, or gets one more pattern. terminating: for what
 * it may sign, no role behind it is asked; else that stays as it was. */
int role_list_delegate(
	json_t *targets, const char *name, const char *pattern, bool terminating, Error *error);

/* ROLE_LIST_ABSENT, with the sentence set, when nothing is delegated to the role. */
int role_list_end_delegation(json_t *targets, const char *name, Error *error);
