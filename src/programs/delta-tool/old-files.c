/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/old-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "parts/delta/decode/apply.h"
#include "programs/delta-tool/tree.h"

void old_files_clear(OldFiles *old)
{
	for (size_t i = 0; i < old->count; i++) {
		free(old->files[i].name);
		file_unmap(&old->files[i].map);
	}
	free(old->files);
	*old = (OldFiles){.files = NULL};
}

/* The array has room for one more. */
static int add_file(OldFiles *old, int directory, const char *open_name, const char *name, Error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, open_name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	OldFile *file = &old->files[old->count];

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", open_name);
	if (file_map(fd, DELTA_SOURCE_MAX, open_name, &file->map, error) < 0)
		return -1;
	file->name = strdup(name);
	if (!file->name) {
		file_unmap(&file->map);
		return error_memory(error);
	}
	old->count++;
	return 0;
}

static int start(const char *path, size_t room, OldFiles *old, Error *error)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return error_os(error, errno, "cannot examine %s", path);
	old->mode = status.st_mode;
	old->files = calloc(room ? room : 1, sizeof(*old->files));
	return old->files ? 0 : error_memory(error);
}

static int read_tree(const char *path, OldFiles *old, Error *error)
{
	CLEANUP(tree_clear) Tree tree = TREE_INIT;

	if (tree_read(path, &tree, error) < 0 || start(path, tree.count, old, error) < 0)
		return -1;
	for (size_t i = 0; i < tree.count; i++) {
		const TreeEntry *entry = &tree.entries[i];

		/* What a delta cannot name, or what is empty, cannot help; it is no error that it is there.
		 */
		if (!S_ISREG(entry->mode) || entry->size == 0 || !path_is_safe(entry->name))
			continue;
		if (add_file(old, tree.fd, entry->name, entry->name, error) < 0)
			return error_in(error, "%s", path);
	}
	return 0;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int old_files_read(const char *path, OldFiles *ret, Error *error)
{
	CLEANUP(old_files_clear) OldFiles old = {.files = NULL};

	if (is_directory(path)) {
		if (read_tree(path, &old, error) < 0)
			return -1;
	} else if (start(path, 1, &old, error) < 0 || add_file(&old, AT_FDCWD, path, ".", error) < 0) {
		return -1;
	}
	*ret = old;
	old = (OldFiles){.files = NULL};
	return 0;
}

/* One file of a tree, or OLD itself. directory is open when OLD is one. */
static int add_named(OldFiles *old, int directory, const char *path, const DeltaSource *source, Error *error)
{
	bool whole = strcmp(source->name, ".") == 0;
	const char *open_name = whole ? path : source->name;

	if (add_file(old, directory, open_name, source->name, error) < 0)
		return whole ? -1 : error_in(error, "%s is not the tree this patch was made for", path);
	return 0;
}

int old_files_check(const OldFiles *old, const char *path, const DeltaHeader *header, Error *error)
{
	for (size_t i = 0; i < old->count; i++) {
		const DeltaSource *source = &header->sources[i];
		int other = delta_check_source(source, old_file_bytes(&old->files[i]), error);

		if (other == DELTA_OTHER_FILE && strcmp(source->name, ".") == 0)
			return error_set(error, "%s is not the file this patch was made for", path);
		if (other == DELTA_OTHER_FILE)
			return error_set(
				error, "%s/%s is not the file this patch was made for", path, source->name);
		if (other < 0)
			return -1;
	}
	return 0;
}

int old_files_read_named(const char *path, const DeltaHeader *header, OldFiles *ret, Error *error)
{
	CLEANUP(old_files_clear) OldFiles old = {.files = NULL};
	CLEANUP_CLOSE int directory = -1;
	bool tree = header->n_sources > 0 && strcmp(header->sources[0].name, ".") != 0;

	if (start(path, header->n_sources, &old, error) < 0)
		return -1;
	if (header->n_sources > 0 && tree != S_ISDIR(old.mode))
		return error_set(error,
			tree ? "%s is a file, and this patch was made for a directory"
			     : "%s is a directory, and this patch was made for a file",
			path);
	directory = tree ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (tree && directory < 0)
		return error_os(error, errno, "cannot open %s", path);
	for (uint32_t i = 0; i < header->n_sources; i++)
		if (add_named(&old, tree ? directory : AT_FDCWD, path, &header->sources[i], error) < 0)
			return -1;
	*ret = old;
	old = (OldFiles){.files = NULL};
	return 0;
}
