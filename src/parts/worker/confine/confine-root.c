/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"

/* A directory that every system has. What is mounted on it is seen by this process alone. */
static const char place[] = "/proc";

static int enter_namespaces(bool network, Error *error)
{
	const int own = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	if (unshare(network ? own : own | CLONE_NEWNET) < 0)
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

static const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
static const char empty[] = "mode=0555,size=4k,nr_inodes=1";
static const char filled[] = "mode=0555,size=16m,nr_inodes=4k";

static int fill(const Confinement *kept, Error *error)
{
	CLEANUP_CLOSE int root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_os(error, errno, "cannot fill its root");
	/* Whatever root's is: another user is to read this. */
	(void)umask(0022);
	if (confine_copy_files(root, kept->files, error) < 0)
		return -1;
	return kept->certificates ? confine_copy_certificates(root, kept->certificates, error) : 0;
}

static int make_root(const Confinement *kept, Error *error)
{
	unsigned long first = kept->files ? flags : flags | MS_RDONLY;
	const char *options = kept->files ? filled : empty;

	if (mount("tmpfs", place, "tmpfs", first, options) < 0)
		return error_os(error, errno, "cannot make a root of its own");
	if (!kept->files)
		return 0;
	if (fill(kept, error) < 0)
		return -1;
	if (mount(NULL, place, NULL, MS_REMOUNT | MS_RDONLY | flags, options) < 0)
		return error_os(error, errno, "cannot keep its root from being written to");
	return 0;
}

int confine_to_own_root(const Confinement *kept, Error *error)
{
	if (enter_namespaces(kept->network, error) < 0 || make_root(kept, error) < 0)
		return -1;
	/* The old root comes to lie on the new one, and is taken off. */
	if (chdir(place) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
		chdir("/") < 0)
		return error_os(error, errno, "cannot take a root of its own");
	return 0;
}
