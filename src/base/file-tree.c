/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { DEPTH_MAX = 256 };

static int remove_tree(int directory, const char *name, unsigned depth, Error *error);

static int remove_entries(int fd, unsigned depth, Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	listing = own < 0 ? NULL : fdopendir(own);
	if (!listing) {
		(void)error_os(error, errno, "cannot list a directory");
		return close_keeping_errno(own);
	}
	while ((entry = readdir(listing))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (remove_tree(fd, entry->d_name, depth + 1, error) < 0)
			return -1;
	}
	return 0;
}

/* A bind mount has the device number of the directory it shows, so only the kernel knows where mounts are. */
static int refuse_mount(int fd, const char *name, Error *error)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) < 0)
		return error_os(error, errno, "cannot examine %s", name);
	if (!(status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) ||
		(status.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return error_set(error, "cannot remove %s: something is mounted there", name);
	return 0;
}

static int remove_tree(int directory, const char *name, unsigned depth, Error *error)
{
	CLEANUP_CLOSE int fd = -1;
	int why;

	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return 0;
	why = errno;
	if (why != EISDIR && why != EPERM)
		return error_os(error, why, "cannot remove %s", name);
	if (depth > DEPTH_MAX)
		return error_set(
			error, "cannot remove %s: it is deeper than %d directories", name, DEPTH_MAX);
	fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_os(error, errno == ENOTDIR ? why : errno, "cannot remove %s", name);
	if (refuse_mount(fd, name, error) < 0)
		return -1;
	if (remove_entries(fd, depth, error) < 0)
		return error_in(error, "in %s", name);
	if (unlinkat(directory, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_os(error, errno, "cannot remove %s", name);
	return 0;
}

int file_remove_tree(int directory, const char *name, Error *error)
{
	return remove_tree(directory, name, 0, error);
}
