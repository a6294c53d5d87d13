/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/updater.h"

#include <stdlib.h>

#include "parts/trust/hashes.h"
#include "parts/trust/metadata-source.h"
#include "parts/trust/target-search.h"
#include "parts/trust/updater-name.h"

struct Updater {
	MetadataSource source;
};

int updater_new(const UpdaterIo *io, int64_t now, Updater **ret, Error *error)
{
	CLEANUP(updater_free) Updater *updater = calloc(1, sizeof(*updater));

	if (!updater)
		return error_memory(error);
	updater->source = (MetadataSource){.io = *io, .now = now};
	if (metadata_source_open(&updater->source, error) < 0)
		return -1;
	*ret = TAKE_PTR(updater);
	return 0;
}

Updater *updater_free(Updater *updater)
{
	if (updater) {
		metadata_source_clear(&updater->source);
		free(updater);
	}
	return NULL;
}

static int update(Updater *updater, bool offline, Error *error)
{
	MetadataSource *source = &updater->source;

	source->offline = offline;
	source->news = UPDATER_NO_NEWS;
	if (metadata_source_open(source, error) < 0 || metadata_source_root(source, error) < 0 ||
		metadata_source_timestamp(source, error) < 0 || metadata_source_snapshot(source, error) < 0)
		return -1;
	return metadata_source_targets(source, "targets", "root", error);
}

int updater_refresh(Updater *updater, Error *error)
{
	return update(updater, false, error);
}

int updater_load(Updater *updater, Error *error)
{
	return update(updater, true, error);
}

static UpdaterTarget target_of(const TargetsFile *file)
{
	return (UpdaterTarget){file->path, file->length, file->digest, file->hashes};
}

int updater_find(Updater *updater, const char *path, UpdaterTarget *ret, Error *error)
{
	TargetsFile file;
	int found = target_search_find(&updater->source, path, &file, error);

	if (found == TARGET_SEARCH_ABSENT) {
		(void)error_set(error, "the repository has no target \"%s\"", path);
		return UPDATER_ABSENT;
	}
	if (found == 0)
		*ret = target_of(&file);
	return found;
}

typedef struct Visitor {
	int (*visit)(void *userdata, const UpdaterTarget *target, Error *error);
	void *userdata;
} Visitor;

static int visit(void *userdata, const TargetsFile *file, Error *error)
{
	const Visitor *visitor = userdata;
	UpdaterTarget target = target_of(file);

	return visitor->visit(visitor->userdata, &target, error);
}

int updater_each(Updater *updater, const char *prefix,
	int (*visitor)(void *userdata, const UpdaterTarget *target, Error *error), void *userdata,
	Error *error)
{
	Visitor wrapped = {.visit = visitor, .userdata = userdata};

	return target_search_each(&updater->source, prefix, visit, &wrapped, error);
}

int updater_target_check(const UpdaterTarget *target, Bytes content, Error *error)
{
	const char *wrong = NULL;

	if (content.size != target->length)
		return error_set(error, "%s has %zu bytes where the signed metadata says %llu", target->path,
			content.size, (unsigned long long)target->length);
	switch (hashes_match(target->hashes, content, &wrong)) {
	case 0:
		return 0;
	case HASHES_DIFFER:
		return error_set(error, "%s is not what the signed metadata says: its %s differs",
			target->path, wrong);
	default:
		return error_set(error, "%s has no hash of a known algorithm", target->path);
	}
}

int updater_target_location(const Updater *updater, const UpdaterTarget *target, char **ret, Error *error)
{
	bool consistent = trusted_set_root(updater->source.set)->consistent_snapshot;

	return updater_name_of_target(
		target->path, consistent ? hashes_name(target->hashes) : NULL, ret, error);
}

static void take_earlier(int64_t *earliest, const Metadata *metadata)
{
	if (metadata->expires < *earliest)
		*earliest = metadata->expires;
}

int64_t updater_expires(const Updater *updater)
{
	const TrustedSet *set = updater->source.set;
	const Timestamp *timestamp = trusted_set_timestamp(set);
	const Snapshot *snapshot = trusted_set_snapshot(set);
	const Targets *targets = trusted_set_targets(set, "targets");
	int64_t earliest;

	if (!timestamp)
		return 0;
	earliest = timestamp->metadata.expires;
	take_earlier(&earliest, &trusted_set_root(set)->metadata);
	if (snapshot)
		take_earlier(&earliest, &snapshot->metadata);
	if (targets)
		take_earlier(&earliest, &targets->metadata);
	return earliest;
}

UpdaterNews updater_news(const Updater *updater)
{
	return updater->source.news;
}
