/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/root.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const char *const names[TOP_LEVEL_ROLES] = {
	[TOP_LEVEL_ROOT] = "root",
	[TOP_LEVEL_TIMESTAMP] = "timestamp",
	[TOP_LEVEL_SNAPSHOT] = "snapshot",
	[TOP_LEVEL_TARGETS] = "targets",
};

const char *root_role_name(TopLevelRole role)
{
	return names[role];
}

bool root_is_role_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int parse_roles(const json_t *roles, Root *root, Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *role = NULL;

		if (json_object_field(roles, names[i], &role, error) < 0)
			return -1;
		if (role_parse(role, &root->roles[i], error) < 0)
			return error_in(error, "role %s", names[i]);
	}
	return 0;
}

static int parse_content(Root *root, Error *error)
{
	const json_t *content = root->metadata.content;
	json_t *keys = NULL, *roles = NULL;

	if (json_object_get(content, "consistent_snapshot") &&
		json_bool_field(content, "consistent_snapshot", &root->consistent_snapshot, error) < 0)
		return -1;
	if (json_object_field(content, "keys", &keys, error) < 0 ||
		key_ring_parse(keys, &root->ring, error) < 0 ||
		json_object_field(content, "roles", &roles, error) < 0)
		return -1;
	return parse_roles(roles, root, error);
}

int root_parse(Bytes text, Root **ret, Error *error)
{
	CLEANUP(root_free) Root *root = calloc(1, sizeof(*root));

	if (!root)
		return error_memory(error);
	if (metadata_parse(text, "root", "root", &root->metadata, error) < 0)
		return -1;
	if (parse_content(root, error) < 0)
		return error_in(error, "root metadata");
	*ret = TAKE_PTR(root);
	return 0;
}

Root *root_free(Root *root)
{
	if (root) {
		key_ring_clear(&root->ring);
		metadata_clear(&root->metadata);
		free(root);
	}
	return NULL;
}

int root_verify(const Root *root, TopLevelRole role, const Metadata *metadata, Error *error)
{
	return role_verify(&root->roles[role], &root->ring, metadata, names[role], error);
}
