/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "parts/overlay/fs-context.h"

enum { FD_PATH_SIZE = 32 };

static const char *fd_path(int fd, char path[static FD_PATH_SIZE])
{
	(void)snprintf(path, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
	return path;
}

int layer_open(const char *path, int *ret_fd, Error *error)
{
	/* O_NONBLOCK: a named pipe in the place of an image must not hang whoever opens it. */
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return error_os(error, errno, "cannot open the image %s", path);
	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine the image %s", path);
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return error_set(error, "%s is no image: neither a regular file nor a block device", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int mount_erofs(int source, int *ret_mount, Error *error)
{
	CLEANUP_CLOSE int context = -1;
	char path[FD_PATH_SIZE];

	if (fs_context_open("erofs", &context, error) < 0 ||
		fs_context_set(context, "source", fd_path(source, path), error) < 0 ||
		fs_context_set(context, "ro", NULL, error) < 0)
		return -1;
	return fs_context_mount(context, MOUNT_ATTR_RDONLY, ret_mount, error);
}

static int mount_over_loop(int image, int *ret_mount, Error *error)
{
	CLEANUP_CLOSE int loop = -1;
	char path[LOOP_PATH_SIZE];

	/* The device's last user will be the mount. */
	if (loop_attach(image, &loop, path, error) < 0)
		return -1;
	return mount_erofs(loop, ret_mount, error);
}

int layer_mount(int image, LayerMethod method, int *ret_mount, Error *error)
{
	struct stat status;
	bool is_file;
	int r;

	if (fstat(image, &status) < 0)
		return error_os(error, errno, "cannot examine it");
	is_file = S_ISREG(status.st_mode);
	if (is_file && method == LAYER_LOOP)
		r = mount_over_loop(image, ret_mount, error);
	else
		r = mount_erofs(image, ret_mount, error);
	if (r < 0 && is_file && method == LAYER_DIRECT && error->os_error == ENOTBLK)
		return LAYER_NEEDS_LOOP;
	if (r < 0 && (error->os_error == EINVAL || error->os_error == EUCLEAN))
		return error_in(error, "it is no intact EROFS image");
	return r;
}
