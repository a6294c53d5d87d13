/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/delegations.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "parts/trust/path-pattern.h"
#include "parts/trust/root.h"

enum { BITS_MAX = 32 };

static int check_texts(const json_t *array, size_t max, const char *what, Error *error)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *text = json_array_get(array, i);

		if (!json_is_string(text) || json_string_length(text) > max)
			return error_set(
				error, "%s %zu is not a string of at most %zu bytes", what, i + 1, max);
	}
	return 0;
}

static int parse_scope(const json_t *object, DelegatedRole *role, Error *error)
{
	bool paths = json_has(object, "paths"), prefixes = json_has(object, "path_hash_prefixes");
	json_t *array = NULL;

	if (paths == prefixes)
		return error_set(error, "needs one of \"paths\" and \"path_hash_prefixes\"");
	if (json_array_field(object, paths ? "paths" : "path_hash_prefixes", SIZE_MAX, &array, error) < 0)
		return -1;
	if (paths)
		role->paths = array;
	else
		role->hash_prefixes = array;
	return check_texts(array, paths ? PATH_PATTERN_MAX : DIGEST_HEX_SIZE - 1,
		paths ? "path pattern" : "hash prefix", error);
}

static int parse_role(const json_t *object, DelegatedRole *role, Error *error)
{
	if (json_string_field(object, "name", METADATA_NAME_MAX, &role->name, error) < 0)
		return -1;
	if (!*role->name || root_is_role_name(role->name))
		return error_set(error, "\"%s\" is not a name for a delegated role", role->name);
	if (role_parse(object, &role->role, error) < 0 ||
		json_bool_field(object, "terminating", &role->terminating, error) < 0 ||
		parse_scope(object, role, error) < 0)
		return error_in(error, "delegated role %s", role->name);
	return 0;
}

static const DelegatedRole *find(const Delegations *delegations, const char *name)
{
	for (size_t i = 0; i < delegations->count; i++)
		if (strcmp(delegations->roles[i].name, name) == 0)
			return &delegations->roles[i];
	return NULL;
}

static int parse_list(const json_t *object, Delegations *delegations, Error *error)
{
	json_t *roles = NULL;

	if (json_array_field(object, "roles", DELEGATIONS_MAX, &roles, error) < 0)
		return -1;
	delegations->roles = calloc(json_array_size(roles) + 1, sizeof(*delegations->roles));
	if (!delegations->roles)
		return error_memory(error);
	for (size_t i = 0; i < json_array_size(roles); i++) {
		DelegatedRole role = {.name = NULL};

		if (parse_role(json_array_get(roles, i), &role, error) < 0)
			return -1;
		if (find(delegations, role.name))
			return error_set(error, "delegates twice to role %s", role.name);
		delegations->roles[delegations->count++] = role;
	}
	return 0;
}

static int parse_bins(const json_t *object, Delegations *delegations, Error *error)
{
	json_t *bins = NULL;
	int64_t bits = 0;

	if (json_object_field(object, "succinct_roles", &bins, error) < 0 ||
		role_parse(bins, &delegations->bin, error) < 0 ||
		json_integer_field(bins, "bit_length", 1, BITS_MAX, &bits, error) < 0)
		return -1;
	delegations->bits = (unsigned)bits;
	return json_string_field(bins, "name_prefix", METADATA_NAME_MAX, &delegations->prefix, error);
}

static inline void delegations_clear_cleanup(Delegations *delegations)
{
	delegations_clear(delegations);
}

int delegations_parse(const json_t *object, Delegations *ret, Error *error)
{
	__attribute__((cleanup(delegations_clear_cleanup))) Delegations delegations = {.count = 0};
	bool list = json_has(object, "roles"), bins = json_has(object, "succinct_roles");
	json_t *keys = NULL;

	if (list == bins)
		return error_set(error, "delegations need one of \"roles\" and \"succinct_roles\"");
	if (json_object_field(object, "keys", &keys, error) < 0 ||
		key_ring_parse(keys, &delegations.ring, error) < 0 ||
		(list ? parse_list : parse_bins)(object, &delegations, error) < 0)
		return -1;
	*ret = delegations;
	delegations = (Delegations){.count = 0};
	return 0;
}

void delegations_clear(Delegations *delegations)
{
	key_ring_clear(&delegations->ring);
	free(delegations->roles);
	*delegations = (Delegations){.count = 0};
}

static int bin_name(const Delegations *delegations, uint64_t number, char **ret, Error *error)
{
	return text_format(ret, error, "%s-%0*llx", delegations->prefix, (int)((delegations->bits + 3) / 4),
		(unsigned long long)number);
}

static bool is_bin_name(const Delegations *delegations, const char *name)
{
	size_t prefix = strlen(delegations->prefix), digits = (delegations->bits + 3) / 4;
	const char *number = name + prefix + 1;

	if (strncmp(name, delegations->prefix, prefix) != 0 || name[prefix] != '-')
		return false;
	if (strlen(number) != digits || strspn(number, "0123456789abcdef") != digits)
		return false;
	return strtoull(number, NULL, 16) >> delegations->bits == 0;
}

const Role *delegations_role(const Delegations *delegations, const char *name)
{
	const DelegatedRole *role;

	if (delegations->bits > 0)
		return is_bin_name(delegations, name) ? &delegations->bin : NULL;
	role = find(delegations, name);
	return role ? &role->role : NULL;
}

int delegations_query(const char *path, bool below, DelegationsQuery *ret, Error *error)
{
	*ret = (DelegationsQuery){.path = path, .below = below};
	return hash_bytes(bytes_of_text(path), &ret->digest, error);
}

static bool may_speak(const DelegatedRole *role, const DelegationsQuery *query)
{
	char hex[DIGEST_HEX_SIZE];

	for (size_t i = 0; i < json_array_size(role->paths); i++) {
		const char *pattern = json_string_value(json_array_get(role->paths, i));

		if ((query->below ? path_pattern_reaches : path_pattern_matches)(pattern, query->path))
			return true;
	}
	(void)digest_to_hex(&query->digest, hex);
	for (size_t i = 0; i < json_array_size(role->hash_prefixes); i++) {
		const char *prefix = json_string_value(json_array_get(role->hash_prefixes, i));

		if (query->below || text_has_prefix(hex, prefix))
			return true;
	}
	return false;
}

/* Hash bins end the search: no other role has the path. */
static int next_bin(const Delegations *delegations, const DelegationsQuery *query, size_t *at,
	char **ret_name, bool *ret_terminating, Error *error)
{
	const uint8_t *digest = query->digest.bytes;
	uint64_t first =
		(uint64_t)digest[0] << 24 | (uint64_t)digest[1] << 16 | (uint64_t)digest[2] << 8 | digest[3];
	uint64_t number = query->below ? *at : first >> (BITS_MAX - delegations->bits);

	if (*at >= (query->below ? (size_t)1 << delegations->bits : 1))
		return DELEGATIONS_END;
	if (bin_name(delegations, number, ret_name, error) < 0)
		return -1;
	*ret_terminating = true;
	(*at)++;
	return 0;
}

int delegations_next(const Delegations *delegations, const DelegationsQuery *query, size_t *at,
	char **ret_name, bool *ret_terminating, Error *error)
{
	if (delegations->bits > 0)
		return next_bin(delegations, query, at, ret_name, ret_terminating, error);
	for (; *at < delegations->count; (*at)++) {
		const DelegatedRole *role = &delegations->roles[*at];

		if (!may_speak(role, query))
			continue;
		if (text_copy(role->name, ret_name, error) < 0)
			return -1;
		*ret_terminating = role->terminating;
		(*at)++;
		return 0;
	}
	return DELEGATIONS_END;
}
