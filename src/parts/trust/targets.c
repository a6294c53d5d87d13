/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/targets.h"

#include <stdlib.h>

#include "base/json.h"
#include "parts/trust/hashes.h"

static int check_files(json_t *files, Error *error)
{
	for (void *at = json_object_iter(files); at; at = json_object_iter_next(files, at)) {
		const json_t *file = json_object_iter_value(at);
		json_t *hashes = NULL;
		int64_t length;

		if (json_integer_field(file, "length", 0, INT64_MAX, &length, error) < 0 ||
			json_object_field(file, "hashes", &hashes, error) < 0 ||
			hashes_check(hashes, error) < 0)
			return error_in(error, "target %s", json_object_iter_key(at));
	}
	return 0;
}

static int parse_content(Targets *targets, Error *error)
{
	const json_t *content = targets->metadata.content;
	json_t *delegations = NULL;

	if (json_object_field(content, "targets", &targets->files, error) < 0 ||
		check_files(targets->files, error) < 0)
		return -1;
	if (!json_has(content, "delegations"))
		return 0;
	if (json_object_field(content, "delegations", &delegations, error) < 0)
		return -1;
	return delegations_parse(delegations, &targets->delegations, error);
}

int targets_parse(Bytes text, const char *role, Targets **ret, Error *error)
{
	CLEANUP(targets_free) Targets *targets = calloc(1, sizeof(*targets));

	if (!targets)
		return error_memory(error);
	if (metadata_parse(text, "targets", role, &targets->metadata, error) < 0)
		return -1;
	if (parse_content(targets, error) < 0)
		return error_in(error, "%s metadata", role);
	*ret = TAKE_PTR(targets);
	return 0;
}

Targets *targets_free(Targets *targets)
{
	if (targets) {
		delegations_clear(&targets->delegations);
		metadata_clear(&targets->metadata);
		free(targets);
	}
	return NULL;
}

int targets_find(const Targets *targets, const char *path, TargetsFile *ret, Error *error)
{
	void *at = json_object_iter_at(targets->files, path);
	const json_t *file;
	json_t *hashes = NULL;
	TargetsFile found = {.length = 0};
	int64_t length = 0;

	if (!at)
		return TARGETS_ABSENT;
	file = json_object_iter_value(at);
	if (json_integer_field(file, "length", 0, INT64_MAX, &length, error) < 0 ||
		json_object_field(file, "hashes", &hashes, error) < 0)
		return error_in(error, "target %s", path);
	if (!hashes_name(hashes))
		return error_set(error, "target %s has no hash of a known algorithm", path);
	if (json_has(hashes, "sha256") && json_digest_field(hashes, "sha256", &found.digest, error) < 0)
		return error_in(error, "target %s", path);
	found.path = json_object_iter_key(at);
	found.length = (uint64_t)length;
	found.hashes = hashes;
	*ret = found;
	return 0;
}
