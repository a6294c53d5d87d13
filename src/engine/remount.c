/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/remount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mountinfo.h"
#include "base/text.h"

/* mount(2) would reset every flag that it is not told again; this changes the one. */
static int set_superblock(const char *point, bool read_only)
{
	CLEANUP_CLOSE int context = fspick(AT_FDCWD, point, FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT);

	if (context < 0 || fsconfig(context, FSCONFIG_SET_FLAG, read_only ? "ro" : "rw", NULL, 0) < 0)
		return -1;
	return fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

static int set_mount(const char *point, bool read_only)
{
	struct mount_attr change = {
		.attr_set = read_only ? MOUNT_ATTR_RDONLY : 0, .attr_clr = read_only ? 0 : MOUNT_ATTR_RDONLY};

	return mount_setattr(AT_FDCWD, point, 0, &change, sizeof(change));
}

static int find_mount(const char *directory, Remount *remount, Error *error)
{
	CLEANUP_CLOSE int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FREE char *real = realpath(directory, NULL);
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	const MountEntry *entry;

	if (!real || proc < 0)
		return error_os(error, errno, "cannot find %s", real ? "/proc" : directory);
	if (mountinfo_read(proc, "self/mountinfo", &mounts, error) < 0)
		return -1;
	entry = mountinfo_at(&mounts, real);
	if (!entry)
		return error_set(error, "cannot find the mount that holds %s", directory);
	remount->mount = entry->is_read_only;
	return text_copy(entry->point, &remount->point, error);
}

static bool is_read_only(const char *directory)
{
	return faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) < 0 && errno == EROFS;
}

/* The file system is left alone where the mount was all that stood in the way: others may write to it. */
static int make_writable(const char *directory, Remount *remount, Error *error)
{
	if (remount->mount && set_mount(remount->point, false) < 0) {
		remount->mount = false;
		return error_os(error, errno, "cannot make %s writable", remount->point);
	}
	if (!is_read_only(directory))
		return 0;
	if (set_superblock(remount->point, false) < 0)
		return error_os(error, errno, "cannot make the file system of %s writable", remount->point);
	remount->superblock = true;
	return 0;
}

int remount_writable(const char *directory, Remount *ret, Error *error)
{
	*ret = (Remount){.point = NULL};
	if (!is_read_only(directory))
		return 0;
	if (find_mount(directory, ret, error) < 0)
		return -1;
	if (make_writable(directory, ret, error) < 0) {
		remount_restore(ret);
		return -1;
	}
	return 0;
}

void remount_restore(Remount *remount)
{
	int r = 0;

	if (remount->superblock)
		r = set_superblock(remount->point, true);
	if (remount->mount && set_mount(remount->point, true) < 0)
		r = -1;
	if (r < 0)
		log_warning("%s stays writable: it cannot be made read-only again", remount->point);
	free(remount->point);
	*remount = (Remount){.point = NULL};
}
