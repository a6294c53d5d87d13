/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/mountinfo.h"
#include "parts/census/census.h"
#include "parts/census/proc.h"

static const MountEntry *find_device(const Mountinfo *mounts, dev_t device)
{
	for (size_t i = 0; i < mounts->n_entries; i++)
		if (mounts->entries[i].device == device)
			return &mounts->entries[i];
	return NULL;
}

/* btrfs gives every subvolume a device number of its own: what is mounted from the same one shows the same.
 */
static const MountEntry *find_subvolume(const Mountinfo *mounts, dev_t device)
{
	for (size_t i = 0; i < mounts->n_entries; i++) {
		const MountEntry *entry = &mounts->entries[i];
		struct stat status;

		if (strcmp(entry->type, "btrfs") == 0 && mountinfo_at(mounts, entry->point) == entry &&
			stat(entry->point, &status) == 0 && status.st_dev == device)
			return entry;
	}
	return NULL;
}

int census_device_of(int directory, dev_t *ret, Error *error)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	CLEANUP_CLOSE int proc = -1;
	const MountEntry *entry = NULL;
	struct statx status;
	dev_t device;

	if (statx(directory, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &status) < 0)
		return error_os(error, errno, "cannot examine a directory");
	if (proc_open_root(&proc, error) < 0 || mountinfo_read(proc, "self/mountinfo", &mounts, error) < 0)
		return -1;
	if (status.stx_mask & STATX_MNT_ID)
		entry = mountinfo_by_id(&mounts, (int64_t)status.stx_mnt_id);
	/* A directory that was opened in another namespace has a mount that is not in the table, of a file
	 * system that is. */
	device = makedev(status.stx_dev_major, status.stx_dev_minor);
	if (!entry)
		entry = find_device(&mounts, device);
	if (!entry)
		entry = find_subvolume(&mounts, device);
	if (!entry)
		return error_set(error, "the file system of a directory is not mounted in this namespace");
	*ret = entry->device;
	return 0;
}
