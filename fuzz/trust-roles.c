/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Each role's parser, and what is asked of its result. The first byte chooses the role.
 */

#include <stdlib.h>
#include <string.h>

#include "parts/trust/root.h"
#include "parts/trust/snapshot.h"
#include "parts/trust/targets.h"
#include "parts/trust/timestamp.h"

enum { INPUT_MAX = 65536, ROLES_MAX = 2 * DELEGATIONS_MAX };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void try_root(Bytes text)
{
	CLEANUP(root_free) Root *root = NULL;

	if (root_parse(text, &root, NULL) < 0)
		return;
	require(root->metadata.version >= 1);
	for (TopLevelRole role = 0; role < TOP_LEVEL_ROLES; role++) {
		require(root->roles[role].threshold >= 1);
		(void)root_verify(root, role, &root->metadata, NULL);
	}
}

static void try_timestamp(Bytes text)
{
	CLEANUP(timestamp_free) Timestamp *timestamp = NULL;

	if (timestamp_parse(text, &timestamp, NULL) == 0) {
		require(timestamp->metadata.version >= 1 && timestamp->snapshot.version >= 1);
		(void)meta_file_check(&timestamp->snapshot, text, "snapshot", NULL);
	}
}

static void try_snapshot(Bytes text)
{
	CLEANUP(snapshot_free) Snapshot *snapshot = NULL;
	MetaFile file;

	if (snapshot_parse(text, &snapshot, NULL) < 0)
		return;
	require(snapshot_check_succession(snapshot, snapshot, NULL) == 0);
	if (snapshot_find(snapshot, "targets", &file, NULL) == 0)
		require(file.version >= 1);
}

/* Whoever the walk leads to is delegated to, and its names come to an end. */
static void try_delegations(const Delegations *delegations, const char *path, bool below)
{
	DelegationsQuery query;
	size_t at = 0;

	require(delegations_query(path, below, &query, NULL) == 0);
	for (size_t n = 0; n < ROLES_MAX; n++) {
		CLEANUP_FREE char *name = NULL;
		bool terminating = false;
		int next = delegations_next(delegations, &query, &at, &name, &terminating, NULL);

		require(next >= 0);
		if (next == DELEGATIONS_END)
			return;
		require(delegations_role(delegations, name) != NULL);
	}
	require(delegations->bits > 0);
}

static void try_targets(Bytes text)
{
	static const char *const paths[] = {"file", "dir/file", "dir/sub/file", ""};
	CLEANUP(targets_free) Targets *targets = NULL;
	TargetsFile file;

	if (targets_parse(text, "team", &targets, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		(void)targets_find(targets, paths[i], &file, NULL);
		try_delegations(&targets->delegations, paths[i], false);
		try_delegations(&targets->delegations, paths[i], true);
	}
	for (void *at = json_object_iter(targets->files); at; at = json_object_iter_next(targets->files, at))
		if (targets_find(targets, json_object_iter_key(at), &file, NULL) == 0)
			require(strcmp(file.path, json_object_iter_key(at)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(Bytes) = {try_root, try_timestamp, try_snapshot, try_targets};

	if (size > 0 && size <= INPUT_MAX)
		tries[data[0] % ARRAY_SIZE(tries)]((Bytes){data + 1, size - 1});
	return 0;
}
