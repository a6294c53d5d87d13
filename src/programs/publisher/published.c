/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/published.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/trust/signer/pending.h"
#include "programs/publisher/layout.h"

enum { ROOT_MAX = 512 * 1024 };

/* What the updater keeps lives in memory: each program that reads a repository begins at the trusted root. */
typedef struct Kept {
	char *name;
	Buffer content;
} Kept;

struct Published {
	char *path;
	int directory;
	Updater *updater;
	Kept *kept;
	size_t n_kept;
};

static int fetch_metadata(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	Published *repository = userdata;
	CLEANUP_FREE char *path = NULL;

	if (path_join("metadata", name, &path, error) < 0)
		return -1;
	_Static_assert((int)UPDATER_ABSENT == (int)FILE_ABSENT, "absence is passed on");
	return file_read(repository->directory, path, max, ret, error);
}

static Kept *find_kept(Published *repository, const char *name)
{
	for (size_t i = 0; i < repository->n_kept; i++)
		if (strcmp(repository->kept[i].name, name) == 0)
			return &repository->kept[i];
	return NULL;
}

static int load_metadata(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	const Kept *kept = find_kept(userdata, name);

	if (!kept)
		return UPDATER_ABSENT;
	if (kept->content.size > max)
		return error_set(error, "%s is larger than allowed", name);
	return buffer_append(ret, kept->content.data, kept->content.size, error);
}

/* The client bounds how many roles it reads. */
static int add_kept(Published *repository, const char *name, Kept **ret, Error *error)
{
	Kept *grown = reallocarray(repository->kept, repository->n_kept + 1, sizeof(*grown));
	Kept *added;

	if (!grown)
		return error_memory(error);
	repository->kept = grown;
	added = &grown[repository->n_kept];
	*added = (Kept){.content = BUFFER_INIT};
	if (text_copy(name, &added->name, error) < 0)
		return -1;
	repository->n_kept++;
	*ret = added;
	return 0;
}

static int store_metadata(void *userdata, const char *name, Bytes content, Error *error)
{
	Published *repository = userdata;
	Kept *kept = find_kept(repository, name);

	if (!kept && add_kept(repository, name, &kept, error) < 0)
		return -1;
	kept->content.size = 0;
	return buffer_append(&kept->content, content.data, content.size, error);
}

Published *published_free(Published *repository)
{
	if (!repository)
		return NULL;
	(void)updater_free(repository->updater);
	for (size_t i = 0; i < repository->n_kept; i++) {
		free(repository->kept[i].name);
		buffer_clear(&repository->kept[i].content);
	}
	free(repository->kept);
	(void)close_keeping_errno(repository->directory);
	free(repository->path);
	free(repository);
	return NULL;
}

int published_directory(const Published *repository)
{
	return repository->directory;
}

static int keep_root(Published *repository, const char *trusted_root, Error *error)
{
	CLEANUP_BUFFER Buffer root = BUFFER_INIT;
	int directory = trusted_root ? AT_FDCWD : repository->directory;
	int r = file_read(
		directory, trusted_root ? trusted_root : "metadata/1.root.json", ROOT_MAX, &root, error);

	if (r == FILE_ABSENT)
		return trusted_root ? error_in(error, "the trusted root")
				    : error_set(error, "it is no repository: it has no metadata/1.root.json");
	if (r < 0)
		return trusted_root ? error_in(error, "the trusted root") : -1;
	return store_metadata(repository, "root.json", buffer_bytes(&root), error);
}

/* Whoever will sign anew does not mind that the metadata has expired: that is what the signing mends. All
 * else is checked as ever. */
static int refresh(Published *repository, const char *trusted_root, bool mind_expiry, Error *error)
{
	UpdaterIo io = {fetch_metadata, load_metadata, store_metadata, repository};

	if (keep_root(repository, trusted_root, error) < 0 ||
		updater_new(&io, mind_expiry ? clock_now() : 0, &repository->updater, error) < 0)
		return -1;
	return updater_refresh(repository->updater, error);
}

int published_lock(int directory, const char *path, Error *error)
{
	if (flock(directory, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(
			error, "another suture-publish is working on %s; try again when it is done", path);
	return error_os(error, errno, "cannot lock %s", path);
}

int published_open(const char *path, const char *trusted_root, bool lock, Published **ret, Error *error)
{
	CLEANUP(published_free) Published *repository = calloc(1, sizeof(*repository));

	if (!repository)
		return error_memory(error);
	repository->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (repository->directory < 0)
		return error_os(error, errno, "cannot open the repository %s", path);
	if (text_copy(path, &repository->path, error) < 0)
		return -1;
	/* What was interrupted between a new root and its timestamp is no state that a client would accept.
	 */
	if (lock && (published_lock(repository->directory, path, error) < 0 ||
			    pending_replay(repository->directory, error) < 0))
		return -1;
	if (refresh(repository, trusted_root, !lock, error) < 0)
		return error_in(error, "repository %s", path);
	*ret = TAKE_PTR(repository);
	return 0;
}

int published_find(Published *repository, const char *path, UpdaterTarget *ret, Error *error)
{
	int r = updater_find(repository->updater, path, ret, error);

	return r == UPDATER_ABSENT ? PUBLISHED_ABSENT : r;
}

static int open_target(Published *repository, const UpdaterTarget *target, FileMap *ret, Error *error)
{
	CLEANUP_FREE char *location = NULL;
	CLEANUP_CLOSE int fd = -1;

	if (publish_location(target->path, &target->digest, &location, error) < 0)
		return -1;
	fd = openat(repository->directory, location, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", location);
	return file_map(fd, MANIFEST_IMAGE_MAX, location, ret, error);
}

int published_map(Published *repository, const UpdaterTarget *target, FileMap *ret, Error *error)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	Digest digest;

	if (open_target(repository, target, &map, error) < 0)
		return -1;
	if (map.size != target->length)
		return error_set(error, "has %zu bytes, and the signed metadata says %llu", map.size,
			(unsigned long long)target->length);
	if (hash_bytes((Bytes){map.data, map.size}, &digest, error) < 0)
		return -1;
	if (!digest_equal(&digest, &target->digest))
		return error_set(error, "has other bytes than the signed metadata says");
	*ret = map;
	map = (FileMap){NULL, 0};
	return 0;
}

void published_paths_clear(PublishedPaths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->paths[i]);
	free(paths->paths);
	*paths = (PublishedPaths){NULL, 0};
}

static int list_one(void *userdata, const UpdaterTarget *target, Error *error)
{
	PublishedPaths *list = userdata;
	char **paths = reallocarray(list->paths, list->count + 1, sizeof(*paths));

	if (!paths)
		return error_memory(error);
	list->paths = paths;
	if (text_copy(target->path, &paths[list->count], error) < 0)
		return -1;
	list->count++;
	return 0;
}

int published_list(Published *repository, const char *prefix, PublishedPaths *ret, Error *error)
{
	CLEANUP_PATHS PublishedPaths paths = {NULL, 0};

	if (updater_each(repository->updater, prefix, list_one, &paths, error) < 0)
		return -1;
	*ret = paths;
	paths = (PublishedPaths){NULL, 0};
	return 0;
}

static int parse_manifest(Published *repository, const char *path, Manifest **ret, Error *error)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	CLEANUP_FREE char *expected = NULL;
	UpdaterTarget target;
	int r = published_find(repository, path, &target, error);

	if (r != 0)
		return r < 0 ? -1 : error_set(error, "is not in the signed metadata");
	if (published_map(repository, &target, &map, error) < 0 ||
		manifest_parse((Bytes){map.data, map.size}, &manifest, error) < 0 ||
		layout_file(manifest, manifest->sequence, "manifest.json", &expected, error) < 0)
		return -1;
	if (strcmp(path, expected) != 0)
		return error_set(error, "the manifest belongs at %s", expected);
	*ret = TAKE_PTR(manifest);
	return 0;
}

int published_manifest(Published *repository, const char *path, Manifest **ret, Error *error)
{
	return parse_manifest(repository, path, ret, error) < 0 ? error_in(error, "%s", path) : 0;
}

/* Letters do not sort like sequences ("b" follows "aa"), so every manifest of the series is read. */
int published_newest(Published *repository, const char *series, Manifest **ret, Error *error)
{
	CLEANUP(manifest_free) Manifest *newest = NULL;
	CLEANUP_PATHS PublishedPaths paths = {NULL, 0};
	CLEANUP_FREE char *prefix = NULL;

	if (text_format(&prefix, error, "%s/", series) < 0 ||
		published_list(repository, prefix, &paths, error) < 0)
		return -1;
	for (size_t i = 0; i < paths.count; i++) {
		CLEANUP(manifest_free) Manifest *manifest = NULL;

		if (!text_has_suffix(paths.paths[i], "/manifest.json"))
			continue;
		if (published_manifest(repository, paths.paths[i], &manifest, error) < 0)
			return -1;
		if (newest && newest->sequence > manifest->sequence)
			continue;
		(void)manifest_free(newest);
		newest = TAKE_PTR(manifest);
	}
	if (!newest)
		return PUBLISHED_ABSENT;
	*ret = TAKE_PTR(newest);
	return 0;
}

int published_store(int directory, const char *path, Bytes content, SignerTarget *ret, Error *error)
{
	SignerTarget target = {.path = path, .length = content.size};
	CLEANUP_FREE char *location = NULL, *parent = NULL;
	const char *name;

	if (hash_bytes(content, &target.digest, error) < 0 ||
		publish_location(path, &target.digest, &location, error) < 0)
		return -1;
	name = path_basename(location);
	if (text_format(&parent, error, "%.*s", (int)(name - location), location) < 0 ||
		file_make_directories(directory, parent, 0755, NULL, error) < 0 ||
		file_replace(directory, location, content, 0644, error) < 0)
		return -1;
	*ret = target;
	return 0;
}
