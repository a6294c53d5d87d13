/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/fs-context.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { MESSAGES_MAX = 16 };

/* Each read() of a context takes one message, "e erofs: no superblock"; e is an error, w and i are less. */
static void read_complaint(int context, char *to, size_t size)
{
	char message[256];

	for (int i = 0; i < MESSAGES_MAX; i++) {
		ssize_t n = read(context, message, sizeof(message) - 1);

		if (n <= 0)
			return;
		message[n] = '\0';
		message[strcspn(message, "\n")] = '\0';
		if (strncmp(message, "e ", 2) == 0)
			(void)snprintf(to, size, " (%s)", message + 2);
	}
}

static int fail(int context, int os_error, const char *what, Error *error)
{
	char complaint[300] = "";

	read_complaint(context, complaint, sizeof(complaint));
	return error_os(error, os_error, "%s%s", what, complaint);
}

int fs_context_open(const char *type, int *ret_context, Error *error)
{
	int context = fsopen(type, FSOPEN_CLOEXEC);

	if (context >= 0) {
		*ret_context = context;
		return 0;
	}
	switch (errno) {
	case ENODEV:
		return error_os(error, ENODEV,
			"the kernel cannot mount %s file systems; its module %s is not there or cannot be "
			"loaded "
			"(modprobe %s)",
			type, type, type);
	case EPERM:
		return error_os(error, EPERM, "only root (CAP_SYS_ADMIN) may mount a file system");
	default:
		return error_os(error, errno, "cannot begin to mount a file system of type %s", type);
	}
}

int fs_context_set(int context, const char *key, const char *value, Error *error)
{
	unsigned int command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
	int saved;

	if (fsconfig(context, command, key, value, 0) == 0)
		return 0;
	saved = errno;
	(void)fail(context, saved, "the kernel refuses the mount option", error);
	return error_in(error, "%s%s%s", key, value ? "=" : "", value ? value : "");
}

int fs_context_mount(int context, unsigned int attributes, int *ret_mount, Error *error)
{
	int mount;

	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail(context, errno, "the kernel refuses to mount it", error);
	mount = fsmount(context, FSMOUNT_CLOEXEC, attributes);
	if (mount < 0)
		return fail(context, errno, "the kernel refuses to make a mount of it", error);
	*ret_mount = mount;
	return 0;
}
