/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/text.h"

void tree_clear(Tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->entries[i].name);
	free(tree->entries);
	(void)close_keeping_errno(tree->fd);
	*tree = TREE_INIT;
}

int tree_add(Tree *tree, const char *name, const struct stat *status, Error *error)
{
	TreeEntry *entry;

	if (tree->count == TREE_ENTRIES_MAX)
		return error_set(error, "more than %d files are too many", TREE_ENTRIES_MAX);
	if (tree->count == tree->capacity) {
		size_t capacity = tree->capacity ? 2 * tree->capacity : 256;
		TreeEntry *entries = reallocarray(tree->entries, capacity, sizeof(*entries));

		if (!entries)
			return error_memory(error);
		tree->entries = entries;
		tree->capacity = capacity;
	}
	entry = &tree->entries[tree->count];
	entry->name = strdup(name);
	if (!entry->name)
		return error_memory(error);
	entry->mode = status->st_mode;
	entry->size = (uint64_t)status->st_size;
	tree->count++;
	return 0;
}

static int read_directory(Tree *tree, int fd, const char *prefix, Error *error);

static int read_entry(Tree *tree, int fd, const char *prefix, const char *base, Error *error)
{
	CLEANUP_FREE char *name = NULL;
	struct stat status;
	int child;

	if (path_join(prefix, base, &name, error) < 0)
		return -1;
	if (fstatat(fd, base, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_os(error, errno, "cannot examine %s", name);
	if (tree_add(tree, name, &status, error) < 0)
		return -1;
	if (!S_ISDIR(status.st_mode))
		return 0;
	/* Bounds the recursion, too. */
	if (strlen(name) > PATH_LENGTH_MAX)
		return error_set(error, "the path %.100s… is longer than %d bytes", name, PATH_LENGTH_MAX);
	child = openat(fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0)
		return error_os(error, errno, "cannot open %s", name);
	return read_directory(tree, child, name, error);
}

/* Takes fd. */
static int read_directory(Tree *tree, int fd, const char *prefix, Error *error)
{
	CLEANUP(closedir) DIR *listing = fdopendir(fd);
	struct dirent *entry;

	if (!listing) {
		(void)error_os(error, errno, "cannot list %s", prefix);
		return close_keeping_errno(fd);
	}
	for (;;) {
		errno = 0;
		entry = readdir(listing);
		if (!entry && errno)
			return error_os(error, errno, "cannot list %s", prefix);
		if (!entry)
			return 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (read_entry(tree, dirfd(listing), prefix, entry->d_name, error) < 0)
			return -1;
	}
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const TreeEntry *)a)->name, ((const TreeEntry *)b)->name);
}

int tree_read(const char *path, Tree *ret, Error *error)
{
	CLEANUP(tree_clear) Tree tree = TREE_INIT;
	int listed;

	tree.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	listed = tree.fd < 0 ? -1 : openat(tree.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (listed < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (read_directory(&tree, listed, "", error) < 0)
		return error_in(error, "%s", path);
	if (tree.count > 0)
		qsort(tree.entries, tree.count, sizeof(*tree.entries), compare_entries);
	*ret = tree;
	tree = TREE_INIT;
	return 0;
}
