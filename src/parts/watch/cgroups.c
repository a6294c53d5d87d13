/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/cgroups.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mountinfo.h"
#include "base/text.h"

enum { DEPTH_MAX = 32 };

typedef struct Cgroup {
	uint64_t number; /* the inode number of its directory */
	char *path;
} Cgroup;

/* Oldest first. */
struct Cgroups {
	Cgroup items[CGROUPS_MAX];
	size_t n;
};

int cgroups_new(Cgroups **ret, Error *error)
{
	Cgroups *cgroups = calloc(1, sizeof(*cgroups));

	if (!cgroups)
		return error_memory(error);
	*ret = cgroups;
	return 0;
}

Cgroups *cgroups_free(Cgroups *cgroups)
{
	for (size_t i = 0; cgroups && i < cgroups->n; i++)
		free(cgroups->items[i].path);
	free(cgroups);
	return NULL;
}

static void forget(Cgroups *cgroups, size_t index)
{
	free(cgroups->items[index].path);
	cgroups->n--;
	memmove(&cgroups->items[index], &cgroups->items[index + 1],
		(cgroups->n - index) * sizeof(cgroups->items[0]));
}

static size_t find(const Cgroups *cgroups, uint64_t number)
{
	size_t i = cgroups->n;

	while (i > 0 && cgroups->items[i - 1].number != number)
		i--;
	return i == 0 ? SIZE_MAX : i - 1;
}

int cgroups_add(Cgroups *cgroups, uint64_t number, Bytes path, Error *error)
{
	size_t former = find(cgroups, number);
	char *copy = NULL;

	if (path.size == 0 || path.size > CGROUPS_PATH_MAX)
		return 0;
	if (text_format(&copy, error, "%.*s", (int)path.size, (const char *)path.data) < 0)
		return -1;
	if (former != SIZE_MAX)
		forget(cgroups, former);
	if (cgroups->n == CGROUPS_MAX)
		forget(cgroups, 0);
	cgroups->items[cgroups->n++] = (Cgroup){number, copy};
	return 0;
}

const char *cgroups_find(const Cgroups *cgroups, uint64_t number)
{
	size_t found = find(cgroups, number);

	return found == SIZE_MAX ? NULL : cgroups->items[found].path;
}

/* A group that goes meanwhile is not there any more; one that is too deep or too long is left out. */
static int walk(Cgroups *cgroups, int directory, const char *path, size_t depth, Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	struct stat status;

	listing = fd < 0 ? NULL : fdopendir(fd);
	if (!listing) {
		(void)close_keeping_errno(fd);
		return 0;
	}
	if (fstat(fd, &status) == 0 &&
		cgroups_add(cgroups, status.st_ino, bytes_of_text(*path ? path : "/"), error) < 0)
		return -1;
	while (depth < DEPTH_MAX && (entry = readdir(listing))) {
		CLEANUP_CLOSE int below = -1;
		CLEANUP_FREE char *name = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			continue;
		if (text_format(&name, error, "%s/%s", path, entry->d_name) < 0 ||
			walk(cgroups, below, name, depth + 1, error) < 0)
			return -1;
	}
	return 0;
}

int cgroups_scan(Cgroups *cgroups, Error *error)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	if (mountinfo_read(AT_FDCWD, "/proc/self/mountinfo", &mounts, error) < 0)
		return -1;
	for (size_t i = 0; i < mounts.n_entries; i++) {
		CLEANUP_CLOSE int fd = -1;

		if (strcmp(mounts.entries[i].type, "cgroup2") != 0)
			continue;
		fd = open(mounts.entries[i].point, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? 0 : walk(cgroups, fd, "", 0, error);
	}
	return 0;
}
