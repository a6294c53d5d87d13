/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/trust/metadata-source.h"
#include "parts/trust/target-search.h"

enum { ROLES_MAX = 4096 };

struct State {
	int metadata;
	const char *trusted_root; /* NULL: its own first one */
	const Update *update;
	Buffer root; /* the newest that was verified */
	MetadataSource source;
	char **roles;
	size_t n_roles;
};

State *state_free(State *state)
{
	if (state) {
		metadata_source_clear(&state->source);
		buffer_clear(&state->root);
		for (size_t i = 0; i < state->n_roles; i++)
			free(state->roles[i]);
		free(state->roles);
		free(state);
	}
	return NULL;
}

static int fetch(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	const State *state = userdata;

	for (size_t i = 0; state->update && i < state->update->count; i++) {
		const UpdateFile *file = &state->update->files[i];
		CLEANUP_FREE char *own = NULL;

		if (update_file_name(file, &own, error) < 0)
			return -1;
		if (strcmp(own, name) == 0)
			return buffer_append(ret, file->bytes.data, file->bytes.size, error);
	}
	_Static_assert((int)UPDATER_ABSENT == (int)FILE_ABSENT, "absence is passed on");
	return file_read(state->metadata, name, max, ret, error);
}

/* A client that has nothing but the root that it trusts. */
static int load(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	const State *state = userdata;

	if (strcmp(name, "root.json") != 0)
		return UPDATER_ABSENT;
	if (state->root.size > 0)
		return buffer_append(ret, state->root.data, state->root.size, error);
	if (state->trusted_root)
		return file_read(AT_FDCWD, state->trusted_root, max, ret, error);
	return fetch(userdata, "1.root.json", max, ret, error);
}

/* All else that was read stays in the trusted set. */
static int store(void *userdata, const char *name, Bytes content, Error *error)
{
	State *state = userdata;

	if (strcmp(name, "root.json") != 0)
		return 0;
	state->root.size = 0;
	return buffer_append(&state->root, content.data, content.size, error);
}

static bool is_read(const State *state, const char *role)
{
	for (size_t i = 0; i < state->n_roles; i++)
		if (strcmp(state->roles[i], role) == 0)
			return true;
	return false;
}

/* Verifies a role for one of its delegators; it is listed when it is met for the first time. */
static int read_role(State *state, const char *role, const char *delegator, Error *error)
{
	char **grown;

	if (metadata_source_targets(&state->source, role, delegator, error) < 0)
		return -1;
	if (is_read(state, role))
		return 0;
	if (state->n_roles == ROLES_MAX)
		return error_set(error, "there are more than %d roles", ROLES_MAX);
	grown = reallocarray(state->roles, state->n_roles + 1, sizeof(*grown));
	if (!grown)
		return error_memory(error);
	state->roles = grown;
	if (text_copy(role, &grown[state->n_roles], error) < 0)
		return -1;
	state->n_roles++;
	return 0;
}

/* Everything that the n-th role delegates. */
static int read_delegations(State *state, size_t n, Error *error)
{
	const char *delegator = state->roles[n];
	const Delegations *delegations = &trusted_set_targets(state->source.set, delegator)->delegations;
	DelegationsQuery query;
	size_t at = 0;

	if (delegations_query("", true, &query, error) < 0)
		return -1;
	for (;;) {
		CLEANUP_FREE char *role = NULL;
		bool terminating;
		int next = delegations_next(delegations, &query, &at, &role, &terminating, error);

		if (next != 0)
			return next < 0 ? -1 : 0;
		if (read_role(state, role, delegator, error) < 0)
			return -1;
	}
}

/* A client leaves off after so many roots and goes on at its next refresh; a publisher must not take that one
 * for the last. */
static int read_roots(MetadataSource *source, Error *error)
{
	int64_t before;

	do {
		if (metadata_source_open(source, error) < 0)
			return -1;
		before = trusted_set_root(source->set)->metadata.version;
		if (metadata_source_root(source, error) < 0)
			return -1;
	} while (trusted_set_root(source->set)->metadata.version > before);
	return 0;
}

static int read_all(State *state, Error *error)
{
	MetadataSource *source = &state->source;

	if (read_roots(source, error) < 0 || metadata_source_timestamp(source, error) < 0 ||
		metadata_source_snapshot(source, error) < 0 || read_role(state, "targets", "root", error) < 0)
		return -1;
	for (size_t i = 0; i < state->n_roles; i++)
		if (read_delegations(state, i, error) < 0)
			return -1;
	return 0;
}

int state_read(int metadata, const char *trusted_root, const Update *update, State **ret, Error *error)
{
	CLEANUP(state_free) State *state = calloc(1, sizeof(*state));

	if (!state)
		return error_memory(error);
	state->metadata = metadata;
	state->trusted_root = trusted_root;
	state->update = update;
	state->source = (MetadataSource){.io = {fetch, load, store, state}};
	if (read_all(state, error) < 0)
		return -1;
	*ret = TAKE_PTR(state);
	return 0;
}

const TrustedSet *state_set(const State *state)
{
	return state->source.set;
}

size_t state_n_roles(const State *state)
{
	return state->n_roles;
}

const char *state_role(const State *state, size_t n)
{
	return state->roles[n];
}

int state_finds(State *state, const char *path, uint64_t length, const Digest *digest, Error *error)
{
	TargetsFile file;
	int found = target_search_find(&state->source, path, &file, error);

	if (found < 0)
		return -1;
	return found == 0 && file.length == length && digest_equal(&file.digest, digest) ? 0 : STATE_OTHER;
}
