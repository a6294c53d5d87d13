/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The mounts that a process sees: /proc/PID/mountinfo (proc_pid_mountinfo(5)) as a table.
 *
 * The order of the lines says nothing about what covers what (since Linux 6.8 they are sorted by mount id),
 * so what is on top at a path is found through the parents.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

/* More than the kernel's default limit of 100,000 mounts a namespace takes. */
enum { MOUNTINFO_SIZE_MAX = 64 * 1024 * 1024 };

/* Texts are unescaped and belong to the table. */
typedef struct MountEntry {
	int64_t id;
	int64_t parent;
	bool is_outermost; /* its parent is not in the table */
	bool is_read_only; /* the mount by itself; what the file system says is not asked */
	dev_t device;      /* as /proc/PID/maps shows it */
	const char *root;  /* the directory of the file system that is mounted; nsfs: no path */
	const char *point; /* where, seen from the process's root */
	const char *type;
	const char *source; /* may be empty */
} MountEntry;

typedef struct Mountinfo {
	Buffer text;
	MountEntry *entries; /* in the kernel's order */
	size_t n_entries;
	const MountEntry **by_id;     /* the same, sorted */
	const MountEntry **by_parent; /* the outermost first, then by parent; shorter points first */
} Mountinfo;

#define MOUNTINFO_INIT \
	(Mountinfo) \
	{ \
		.entries = NULL \
	}

/* Reads and parses name ("self/mountinfo") below an open /proc. When mounts change meanwhile it reads again,
 * because the kernel hands the table out in pieces. *ret starts as MOUNTINFO_INIT. */
int mountinfo_read(int proc, const char *name, Mountinfo *ret, Error *error);

/* Parses a whole table, whose text it takes over (also on failure). Every malformed line is an error. */
int mountinfo_parse(Buffer *text, Mountinfo *ret, Error *error);

void mountinfo_clear(Mountinfo *mounts);
static inline void mountinfo_clear_cleanup(Mountinfo *mounts)
{
	mountinfo_clear(mounts);
}
#define CLEANUP_MOUNTINFO __attribute__((cleanup(mountinfo_clear_cleanup)))

/* The mount with this id, or NULL. */
const MountEntry *mountinfo_by_id(const Mountinfo *mounts, int64_t id);

/* The mount that a look-up of an absolute path without symlinks ends in: what covers it, however it is
 * stacked. NULL when none of the table does. */
const MountEntry *mountinfo_at(const Mountinfo *mounts, const char *path);

/* One step of that walk: the mount that is met next on the way to path after having entered `from`; NULL for
 * `from` begins at the process's root, NULL is returned at the end. */
const MountEntry *mountinfo_next(const Mountinfo *mounts, const MountEntry *from, const char *path);

/* What follows directory in path: "" when they are the same, "/…" when path lies below it, otherwise NULL. */
const char *mountinfo_below(const char *path, const char *directory);
