/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel's table of mounts, /proc/PID/mountinfo, of the calling thread's mount namespace. Format:
 * proc(5); the kernel's Documentation/filesystems/proc.rst, 3.5.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

/* Strings have their \040 escapes undone and point into the table's text. */
typedef struct MountinfoEntry {
	uint64_t id, parent;
	dev_t device;
	const char *point;  /* as seen from the process's root */
	const char *type;   /* "overlay" */
	const char *source; /* may be empty */
} MountinfoEntry;

typedef struct Mountinfo {
	Buffer text;
	MountinfoEntry *entries;
	size_t n;
} Mountinfo;

#define MOUNTINFO_INIT \
	(Mountinfo) \
	{ \
		.entries = NULL \
	}

/* Takes the text over, also on failure. *ret is untouched on failure; mountinfo_clear() frees it. */
int mountinfo_parse(Buffer *text, Mountinfo *ret, Error *error);

/* Reads the calling thread's table. */
int mountinfo_read(Mountinfo *ret, Error *error);

/* NULL when no mount has this id. */
const MountinfoEntry *mountinfo_find(const Mountinfo *mounts, uint64_t id);

void mountinfo_clear(Mountinfo *mounts);
static inline void mountinfo_clear_cleanup(Mountinfo *mounts)
{
	mountinfo_clear(mounts);
}
#define CLEANUP_MOUNTINFO __attribute__((cleanup(mountinfo_clear_cleanup)))
