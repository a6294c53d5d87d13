/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/first-root.h"

#include <string.h>

#include "base/json.h"
#include "parts/trust/root.h"
#include "parts/trust/signer/content.h"
#include "parts/trust/signer/role-list.h"
#include "programs/publisher/keys.h"

static int add_new_key(int directory, const char *type, const RoleEntry *entry, KeySet *keys, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	CLEANUP_PUBLIC_HALF PublicHalf half = {.object = NULL};

	if (keys_generate(directory, entry->name, type, &key, error) < 0)
		return -1;
	half.object = json_incref(signer_key_public(key));
	(void)strcpy(half.id, signer_key_id(key));
	if (role_list_add_key(entry, &half, error) < 0)
		return -1;
	return key_set_add(keys, &key, error);
}

static int add_root_keys(
	const RoleEntry *entry, const PublicHalf *given, size_t n_given, int64_t threshold, Error *error)
{
	for (size_t i = 0; i < n_given; i++)
		if (role_list_add_key(entry, &given[i], error) < 0)
			return -1;
	if (role_list_set_threshold(entry, threshold, error) < 0)
		return -1;
	return role_list_check(entry, error);
}

int first_root_make(int directory, const char *type, const PublicHalf *root_keys, size_t n_root_keys,
	int64_t threshold, KeySet *keys, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;
	RoleEntry entry;

	if (content_new_root(&content, error) < 0)
		return -1;
	/* The given keys first: when they are not good, nothing has been made yet. */
	if (n_root_keys > 0 && (role_list_find(content, "root", &entry, error) != 0 ||
				       add_root_keys(&entry, root_keys, n_root_keys, threshold, error) < 0))
		return -1;
	for (TopLevelRole role = 0; role < TOP_LEVEL_ROLES; role++) {
		if (role == TOP_LEVEL_ROOT && n_root_keys > 0)
			continue;
		if (role_list_find(content, root_role_name(role), &entry, error) != 0 ||
			add_new_key(directory, type, &entry, keys, error) < 0)
			return -1;
	}
	*ret = TAKE_PTR(content);
	return 0;
}
