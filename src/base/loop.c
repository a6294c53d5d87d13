/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

enum { ATTEMPTS = 64 };

/* Opens a loop device that was free a moment ago; somebody else may be faster. */
static int open_free(int *ret_fd, char path[static LOOP_PATH_SIZE], Error *error)
{
	CLEANUP_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number, fd;

	if (control < 0)
		return error_os(error, errno,
			"cannot use loop devices through /dev/loop-control (is the module loop loaded?)");
	number = ioctl(control, LOOP_CTL_GET_FREE);
	if (number < 0)
		return error_os(error, errno, "the kernel has no free loop device");
	(void)snprintf(path, LOOP_PATH_SIZE, "/dev/loop%d", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_os(error, errno, "cannot open the loop device %s", path);
	*ret_fd = fd;
	return 0;
}

int loop_attach(int file, int *ret_fd, char path[static LOOP_PATH_SIZE], Error *error)
{
	struct loop_config config = {
		.fd = (unsigned int)file,
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
	};

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		CLEANUP_CLOSE int fd = -1;

		if (open_free(&fd, path, error) < 0)
			return -1;
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
		if (errno != EBUSY)
			return error_os(error, errno, "cannot attach a loop device");
	}
	return error_os(error, EBUSY, "cannot attach a loop device: others take each free one first");
}
