/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/snapshot.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"

static int parse_content(Snapshot *snapshot, Error *error)
{
	if (json_object_field(snapshot->metadata.content, "meta", &snapshot->meta, error) < 0)
		return -1;
	for (void *at = json_object_iter(snapshot->meta); at;
		at = json_object_iter_next(snapshot->meta, at)) {
		MetaFile file;

		if (meta_file_parse(json_object_iter_value(at), &file, error) < 0)
			return error_in(error, "file %s", json_object_iter_key(at));
	}
	return 0;
}

int snapshot_parse(Bytes text, Snapshot **ret, Error *error)
{
	CLEANUP(snapshot_free) Snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return error_memory(error);
	if (metadata_parse(text, "snapshot", "snapshot", &snapshot->metadata, error) < 0)
		return -1;
	if (parse_content(snapshot, error) < 0)
		return error_in(error, "snapshot metadata");
	*ret = TAKE_PTR(snapshot);
	return 0;
}

Snapshot *snapshot_free(Snapshot *snapshot)
{
	if (snapshot) {
		metadata_clear(&snapshot->metadata);
		free(snapshot);
	}
	return NULL;
}

int snapshot_find(const Snapshot *snapshot, const char *role, MetaFile *ret, Error *error)
{
	CLEANUP_FREE char *name = NULL;
	const json_t *entry;

	if (text_format(&name, error, "%s.json", role) < 0)
		return -1;
	entry = json_object_get(snapshot->meta, name);
	if (!entry) {
		(void)error_set(error, "the repository's snapshot does not list %s metadata", role);
		return SNAPSHOT_ABSENT;
	}
	return meta_file_parse(entry, ret, error);
}

int snapshot_check_succession(const Snapshot *older, const Snapshot *newer, Error *error)
{
	for (void *at = json_object_iter(older->meta); at; at = json_object_iter_next(older->meta, at)) {
		const char *name = json_object_iter_key(at);
		const json_t *now = json_object_get(newer->meta, name);
		MetaFile before, after;

		if (!now)
			return error_set(error,
				"snapshot metadata no longer lists %s, which this device has seen", name);
		if (meta_file_parse(json_object_iter_value(at), &before, error) < 0 ||
			meta_file_parse(now, &after, error) < 0)
			return -1;
		if (after.version < before.version)
			return error_set(error,
				"snapshot metadata lists an older %s (version %lld) than what this device "
				"has "
				"seen (version %lld)",
				name, (long long)after.version, (long long)before.version);
	}
	return 0;
}
