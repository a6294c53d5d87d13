/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/metadata-source.h"

#include "parts/trust/updater-name.h"

/* Upper bounds of files whose length no parent says, and of those whose parent says something absurd. */
enum {
	ROOT_SIZE_MAX = 512 * 1024,
	TIMESTAMP_SIZE_MAX = 64 * 1024,
	SNAPSHOT_SIZE_MAX = 4 * 1024 * 1024,
	TARGETS_SIZE_MAX = METADATA_SIZE_MAX,
	ROOT_STEPS_MAX = 256,
};

static int load(MetadataSource *source, const char *role, uint64_t max, Buffer *ret, Error *error)
{
	CLEANUP_FREE char *name = NULL;
	int loaded;

	if (updater_name_of_role(role, 0, &name, error) < 0)
		return -1;
	loaded = source->io.load(source->io.userdata, name, max, ret, error);
	if (loaded > 0)
		return error_set(error, "no %s metadata is stored on this device", role);
	return loaded;
}

static int store(MetadataSource *source, const char *role, const Buffer *content, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	if (updater_name_of_role(role, 0, &name, error) < 0)
		return -1;
	return source->io.store(source->io.userdata, name, buffer_bytes(content), error);
}

/* version: 0 for a file that is not versioned. UPDATER_ABSENT when the server has none. */
static int fetch(
	MetadataSource *source, const char *role, int64_t version, uint64_t max, Buffer *ret, Error *error)
{
	CLEANUP_FREE char *name = NULL;
	int fetched;

	if (updater_name_of_role(role, version, &name, error) < 0)
		return -1;
	fetched = source->io.fetch(source->io.userdata, name, max, ret, error);
	if (fetched > 0)
		(void)error_set(error,
			"the server has no %s: its repository is incomplete or the address is wrong", name);
	else if (fetched == 0 && ret->size > max)
		return error_set(
			error, "%s has more than the %llu bytes allowed", name, (unsigned long long)max);
	return fetched;
}

/* A file that a parent describes: its version is in its name with consistent snapshots, its length is the
 * bound when the parent says it. */
static int fetch_described(MetadataSource *source, const char *role, const MetaFile *file, uint64_t max,
	Buffer *ret, Error *error)
{
	bool consistent = trusted_set_root(source->set)->consistent_snapshot;

	if (file->length >= 0 && (uint64_t)file->length > max)
		return error_set(error, "%s metadata is said to have %lld bytes, more than the %llu allowed",
			role, (long long)file->length, (unsigned long long)max);
	if (file->length >= 0)
		max = (uint64_t)file->length;
	return fetch(source, role, consistent ? file->version : 0, max, ret, error) == 0 ? 0 : -1;
}

int metadata_source_open(MetadataSource *source, Error *error)
{
	CLEANUP_BUFFER Buffer root = BUFFER_INIT;
	TrustedSet *set = NULL;

	if (load(source, "root", ROOT_SIZE_MAX, &root, error) < 0)
		return -1;
	if (trusted_set_new(buffer_bytes(&root), source->now, &set, error) < 0)
		return error_in(error, "the stored root");
	(void)trusted_set_free(source->set);
	source->set = set;
	return 0;
}

void metadata_source_clear(MetadataSource *source)
{
	source->set = trusted_set_free(source->set);
}

/* One step of the chain; UPDATER_ABSENT at its end. */
static int next_root(MetadataSource *source, Error *error)
{
	CLEANUP_BUFFER Buffer root = BUFFER_INIT;
	int64_t version = trusted_set_root(source->set)->metadata.version;
	int fetched;

	if (version == INT64_MAX)
		return UPDATER_ABSENT;
	fetched = fetch(source, "root", version + 1, ROOT_SIZE_MAX, &root, error);
	if (fetched != 0)
		return fetched;
	if (trusted_set_update_root(source->set, buffer_bytes(&root), error) < 0)
		return -1;
	return store(source, "root", &root, error);
}

int metadata_source_root(MetadataSource *source, Error *error)
{
	int done = source->offline ? UPDATER_ABSENT : 0;

	/* A chain that is longer goes on at the next refresh: each step is stored (section 5.3.3). */
	for (unsigned steps = 0; done == 0 && steps < ROOT_STEPS_MAX; steps++)
		done = next_root(source, error);
	return done < 0 ? -1 : trusted_set_finish_root(source->set, error);
}

/* What is stored is verified like what is fetched. Online, a bad file of the cache is as good as none, and
 * nobody wants to hear why. */
static Error *wanted(const MetadataSource *source, Error *error)
{
	return source->offline ? error : NULL;
}

static int local_timestamp(MetadataSource *source, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;

	if (load(source, "timestamp", TIMESTAMP_SIZE_MAX, &content, error) < 0)
		return -1;
	return trusted_set_update_timestamp(source->set, buffer_bytes(&content), error) == 0 ? 0 : -1;
}

static UpdaterNews news_of(int updated)
{
	return updated == 0                      ? UPDATER_NEWER
	       : updated == TRUSTED_SAME_VERSION ? UPDATER_SAME
	       : updated == TRUSTED_OLDER        ? UPDATER_OLDER
						 : UPDATER_NO_NEWS;
}

int metadata_source_timestamp(MetadataSource *source, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	int done = local_timestamp(source, wanted(source, error));

	if (source->offline)
		return done;
	if (fetch(source, "timestamp", 0, TIMESTAMP_SIZE_MAX, &content, error) != 0)
		return -1;
	done = trusted_set_update_timestamp(source->set, buffer_bytes(&content), error);
	source->news = news_of(done);
	if (done == TRUSTED_SAME_VERSION)
		return 0;
	return done == 0 ? store(source, "timestamp", &content, error) : -1;
}

static int local_snapshot(MetadataSource *source, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;

	if (load(source, "snapshot", SNAPSHOT_SIZE_MAX, &content, error) < 0)
		return -1;
	return trusted_set_update_snapshot(source->set, buffer_bytes(&content), true, error) == 0 ? 0 : -1;
}

int metadata_source_snapshot(MetadataSource *source, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	MetaFile expected;

	if (trusted_set_expect_snapshot(source->set, &expected, error) < 0)
		return -1;
	if (local_snapshot(source, wanted(source, error)) == 0)
		return 0;
	if (source->offline ||
		fetch_described(source, "snapshot", &expected, SNAPSHOT_SIZE_MAX, &content, error) < 0 ||
		trusted_set_update_snapshot(source->set, buffer_bytes(&content), false, error) < 0)
		return -1;
	return store(source, "snapshot", &content, error);
}

static int local_targets(MetadataSource *source, const char *role, const char *delegator, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;

	if (load(source, role, TARGETS_SIZE_MAX, &content, error) < 0)
		return -1;
	return trusted_set_update_targets(source->set, buffer_bytes(&content), role, delegator, error);
}

int metadata_source_targets(MetadataSource *source, const char *role, const char *delegator, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	MetaFile expected;

	if (trusted_set_targets(source->set, role))
		return trusted_set_verify_targets(source->set, role, delegator, error);
	if (trusted_set_expect_targets(source->set, role, &expected, error) != 0)
		return -1;
	if (local_targets(source, role, delegator, wanted(source, error)) == 0)
		return 0;
	if (source->offline ||
		fetch_described(source, role, &expected, TARGETS_SIZE_MAX, &content, error) < 0 ||
		trusted_set_update_targets(source->set, buffer_bytes(&content), role, delegator, error) < 0)
		return -1;
	return store(source, role, &content, error);
}
