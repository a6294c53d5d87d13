/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"

/* The kernel's headers may be older than the kernel that this runs on; these are its numbers. */
enum { VERSION_FLAG = 1 };

struct ruleset {
	uint64_t files, network, scopes;
};

/* What each version of Landlock handles, from the first. */
static const struct ruleset versions[] = {
	{0x1fff, 0, 0},     /* thirteen rights to files and directories */
	{0x3fff, 0, 0},     /* linking across directories */
	{0x7fff, 0, 0},     /* truncating */
	{0x7fff, 0x3, 0},   /* TCP: bind, connect */
	{0xffff, 0x3, 0},   /* ioctl on devices */
	{0xffff, 0x3, 0x3}, /* abstract sockets and signals out of the domain */
};

int confine_by_landlock(Error *error)
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
	fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return error_os(error, errno, "cannot put Landlock on");
	return 0;
}
