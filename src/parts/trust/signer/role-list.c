/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/role-list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "parts/trust/path-pattern.h"
#include "parts/trust/public-key.h"
#include "parts/trust/root.h"

enum { SHORT_ID_MIN = 8, THRESHOLD_MAX = 256 };

static json_t *delegated_roles(const json_t *targets)
{
	return json_object_get(json_object_get(targets, "delegations"), "roles");
}

/* The place of a delegated role in the list; behind its end when it is not there. */
static size_t find_delegated(const json_t *targets, const char *name)
{
	const json_t *roles = delegated_roles(targets);
	size_t at = 0;

	while (at < json_array_size(roles) &&
		strcmp(json_string_value(json_object_get(json_array_get(roles, at), "name")), name) != 0)
		at++;
	return at;
}

/* Of root: an object by name; of targets: a list. */
static json_t *roles_of(const json_t *content, bool *ret_by_name)
{
	json_t *roles = json_object_get(content, "roles");

	*ret_by_name = roles != NULL;
	return roles ? roles : delegated_roles(content);
}

int role_list_find(json_t *content, const char *name, RoleEntry *ret, Error *error)
{
	bool by_name;
	json_t *roles = roles_of(content, &by_name);
	json_t *role =
		by_name ? json_object_get(roles, name) : json_array_get(roles, find_delegated(content, name));

	if (!role) {
		(void)error_set(
			error, by_name ? "root has no role %s" : "nothing is delegated to a role %s", name);
		return ROLE_LIST_ABSENT;
	}
	*ret = (RoleEntry){name, content, role};
	return 0;
}

static json_t *keys_of(const json_t *content)
{
	json_t *keys = json_object_get(content, "keys");

	return keys ? keys : json_object_get(json_object_get(content, "delegations"), "keys");
}

static bool has_id(const json_t *role, const char *id)
{
	const json_t *ids = json_object_get(role, "keyids");

	for (size_t i = 0; i < json_array_size(ids); i++)
		if (strcmp(json_string_value(json_array_get(ids, i)), id) == 0)
			return true;
	return false;
}

/* One key can be written in more than one way, and is one key all the same. */
static bool is_same(const json_t *a, const json_t *b)
{
	CLEANUP(public_key_free) PublicKey *one = NULL;
	CLEANUP(public_key_free) PublicKey *other = NULL;

	return a && public_key_new(a, &one, NULL) == 0 && public_key_new(b, &other, NULL) == 0 &&
	       public_key_same(one, other);
}

static bool has_key(const RoleEntry *entry, const PublicHalf *key)
{
	const json_t *ids = json_object_get(entry->role, "keyids");

	for (size_t i = 0; i < json_array_size(ids); i++)
		if (is_same(json_object_get(
				    keys_of(entry->content), json_string_value(json_array_get(ids, i))),
			    key->object))
			return true;
	return has_id(entry->role, key->id);
}

int role_list_add_key(const RoleEntry *entry, const PublicHalf *key, Error *error)
{
	if (has_key(entry, key))
		return error_set(error, "role %s has the key %.16s already", entry->name, key->id);
	if (json_add(json_object_get(entry->role, "keyids"), json_string(key->id), error) < 0)
		return -1;
	return json_put(keys_of(entry->content), key->id, json_incref(key->object), error);
}

/* The place of the one key id that begins so. */
static int find_id(const RoleEntry *entry, const char *id, size_t *ret, Error *error)
{
	const json_t *ids = json_object_get(entry->role, "keyids");
	size_t found = json_array_size(ids);

	if (strlen(id) < SHORT_ID_MIN)
		return error_set(error, "\"%s\" is too short for a key id: say at least %d digits of it", id,
			SHORT_ID_MIN);
	for (size_t i = 0; i < json_array_size(ids); i++) {
		if (!text_has_prefix(json_string_value(json_array_get(ids, i)), id))
			continue;
		if (found < json_array_size(ids))
			return error_set(error, "role %s has more than one key %s…", entry->name, id);
		found = i;
	}
	if (found == json_array_size(ids))
		return error_set(error, "role %s has no key %.16s", entry->name, id);
	*ret = found;
	return 0;
}

static bool is_used(const json_t *content, const char *id)
{
	bool by_name;
	json_t *roles = roles_of(content, &by_name);

	if (!by_name) {
		for (size_t i = 0; i < json_array_size(roles); i++)
			if (has_id(json_array_get(roles, i), id))
				return true;
		return false;
	}
	for (void *at = json_object_iter(roles); at; at = json_object_iter_next(roles, at))
		if (has_id(json_object_iter_value(at), id))
			return true;
	return false;
}

static int drop_unused_keys(json_t *content, Error *error)
{
	json_t *keys = keys_of(content);
	CLEANUP_JSON json_t *before = json_copy(keys);

	if (!before)
		return error_memory(error);
	for (void *at = json_object_iter(before); at; at = json_object_iter_next(before, at))
		if (!is_used(content, json_object_iter_key(at)))
			(void)json_object_del(keys, json_object_iter_key(at));
	return 0;
}

int role_list_remove_key(const RoleEntry *entry, const char *id, Error *error)
{
	size_t at = 0;

	if (find_id(entry, id, &at, error) < 0)
		return -1;
	(void)json_array_remove(json_object_get(entry->role, "keyids"), at);
	return drop_unused_keys(entry->content, error);
}

int role_list_set_threshold(const RoleEntry *entry, int64_t threshold, Error *error)
{
	if (threshold < 1 || threshold > THRESHOLD_MAX)
		return error_set(error, "a threshold is between 1 and %d", THRESHOLD_MAX);
	return json_put_integer(entry->role, "threshold", threshold, error);
}

int role_list_check(const RoleEntry *entry, Error *error)
{
	size_t n = json_array_size(json_object_get(entry->role, "keyids"));
	int64_t threshold = 0;

	if (json_integer_field(entry->role, "threshold", 1, INT32_MAX, &threshold, error) < 0)
		return -1;
	if (n < (size_t)threshold)
		return error_set(error,
			"role %s would have %zu key%s where %lld must sign: add a key first, or lower the "
			"threshold",
			entry->name, n, n == 1 ? "" : "s", (long long)threshold);
	return 0;
}

/* The list that a new delegation goes to. */
static int need_delegations(json_t *targets, json_t **ret, Error *error)
{
	json_t *delegations = json_object_get(targets, "delegations");

	if (json_has(delegations, "succinct_roles"))
		return error_set(error, "the targets metadata delegates to hash bins, which cannot be mixed");
	if (!json_has(targets, "delegations")) {
		delegations = json_object();
		if (json_put(targets, "delegations", delegations, error) < 0 ||
			json_put(delegations, "keys", json_object(), error) < 0 ||
			json_put(delegations, "roles", json_array(), error) < 0)
			return -1;
	}
	*ret = json_object_get(delegations, "roles");
	return 0;
}

static int new_role(json_t *roles, const char *name, json_t **ret, Error *error)
{
	json_t *role;

	if (!text_is_name(name, METADATA_NAME_MAX) || root_is_role_name(name))
		return error_set(error, "\"%s\" is no name for a delegated role", name);
	role = json_pack("{s:s, s:[], s:i, s:b, s:[]}", "name", name, "keyids", "threshold", 1, "terminating",
		0, "paths");
	if (json_add(roles, role, error) < 0)
		return -1;
	*ret = role;
	return 0;
}

/* One more pattern, unless only the end of the search is asked for. */
static int add_pattern(
	const json_t *role, const char *name, const char *pattern, bool may_be_there, Error *error)
{
	json_t *paths = json_object_get(role, "paths");

	if (!paths)
		return error_set(error, "role %s is delegated to by hash prefixes", name);
	for (size_t i = 0; i < json_array_size(paths); i++)
		if (strcmp(json_string_value(json_array_get(paths, i)), pattern) == 0)
			return may_be_there ? 0 : error_set(error, "role %s has %s already", name, pattern);
	return json_add(paths, json_string(pattern), error);
}

int role_list_delegate(json_t *targets, const char *name, const char *pattern, bool terminating, Error *error)
{
	json_t *roles = NULL, *role;
	bool ends;

	if (strlen(pattern) > PATH_PATTERN_MAX)
		return error_set(error, "the path pattern is longer than %d bytes", PATH_PATTERN_MAX);
	if (need_delegations(targets, &roles, error) < 0)
		return -1;
	role = json_array_get(roles, find_delegated(targets, name));
	if (!role && new_role(roles, name, &role, error) < 0)
		return -1;
	ends = terminating && !json_is_true(json_object_get(role, "terminating"));
	if (add_pattern(role, name, pattern, ends, error) < 0)
		return -1;
	return ends ? json_put(role, "terminating", json_true(), error) : 0;
}

int role_list_end_delegation(json_t *targets, const char *name, Error *error)
{
	json_t *roles = delegated_roles(targets);
	size_t at = find_delegated(targets, name);

	if (at == json_array_size(roles)) {
		(void)error_set(error, "nothing is delegated to a role %s", name);
		return ROLE_LIST_ABSENT;
	}
	(void)json_array_remove(roles, at);
	return drop_unused_keys(targets, error);
}
