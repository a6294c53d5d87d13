/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"

/* The kernel's headers may be older than the kernel that this runs on; these are its numbers. */
enum { VERSION_FLAG = 1, RULE_PATH_BENEATH = 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3, CONNECT_TCP = 1 << 1 };

struct ruleset {
	uint64_t files, network, scopes;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What each version of Landlock handles, from the first. */
static const struct ruleset versions[] = {
	{0x1fff, 0, 0},     /* thirteen rights to files and directories */
	{0x3fff, 0, 0},     /* linking across directories */
	{0x7fff, 0, 0},     /* truncating */
	{0x7fff, 0x3, 0},   /* TCP: bind, connect */
	{0xffff, 0x3, 0},   /* ioctl on devices */
	{0xffff, 0x3, 0x3}, /* abstract sockets and signals out of the domain */
};

static int allow_reading(int ruleset, const char *path, Error *error)
{
	CLEANUP_CLOSE int parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct path_beneath rule = {READ_FILE | READ_DIR, parent};

	if (parent < 0 || syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_os(error, errno, "cannot let Landlock leave %s to be read", path);
	return 0;
}

int confine_by_landlock(const char *readable, Error *error)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
	CLEANUP_CLOSE int fd = -1;
	struct ruleset all;

	/* A kernel without it, or on which it is switched off. */
	if (version < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 0;
	if (version < 1)
		return error_os(error, errno, "cannot ask for Landlock");
	all = versions[(size_t)version < ARRAY_SIZE(versions) ? (size_t)version - 1
							      : ARRAY_SIZE(versions) - 1];
	if (readable)
		all.network &= ~(uint64_t)CONNECT_TCP;
	fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd >= 0 && readable && allow_reading(fd, readable, error) < 0)
		return -1;
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return error_os(error, errno, "cannot put Landlock on");
	return 0;
}
