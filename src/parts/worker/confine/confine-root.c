/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "parts/worker/confine/confine-layers.h"

/* A directory that every system has. What is mounted on it is seen by this process alone. */
static const char place[] = "/proc";

static int enter_namespaces(Error *error)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
		return error_os(error, errno, "cannot enter namespaces of its own");
	/* Else what is mounted here would show outside. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	if (errno == EINVAL)
		return error_set(error,
			"the root is no mount of its own, as in a chroot: name it with --root from outside, "
			"or bind it to itself first");
	return error_os(error, errno, "cannot part with the mounts of the system");
}

int confine_to_empty_root(Error *error)
{
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (enter_namespaces(error) < 0)
		return -1;
	if (mount("tmpfs", place, "tmpfs", flags, "mode=0555,size=4k,nr_inodes=1") < 0 || chdir(place) < 0)
		return error_os(error, errno, "cannot make an empty root");
	/* The old root comes to lie on the new one, and is taken off. */
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_os(error, errno, "cannot take an empty root");
	return 0;
}
