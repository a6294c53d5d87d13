/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Does a table of mounts show an old /usr? Known by file systems and the directories within them, not by
 * paths alone: a container whose /usr is its own is none of our business, wherever it is mounted.
 */

#include <stdbool.h>

#include "base/mountinfo.h"

typedef struct OldUsr {
	char *path; /* of the usr that generations are mounted over */
	dev_t current;
	dev_t base_device;
	char *base_directory; /* within the base's file system; NULL when the table did not tell */
	dev_t *known;         /* the generations that are mounted over it here, covered ones too */
	size_t n_known;
} OldUsr;

#define OLD_USR_INIT \
	(OldUsr) \
	{ \
		.path = NULL \
	}

/* Finds the base below all generations in this process's own table. *usr starts as OLD_USR_INIT; root is
 * absolute and without symlinks. */
int old_usr_init(OldUsr *usr, const Mountinfo *own, const char *root, dev_t current, Error *error);
void old_usr_clear(OldUsr *usr);
static inline void old_usr_clear_cleanup(OldUsr *usr)
{
	old_usr_clear(usr);
}
#define CLEANUP_OLD_USR __attribute__((cleanup(old_usr_clear_cleanup)))

/*
 * Would a process with this table find bytes of an old generation, or of the base while a generation is
 * active: at /usr, at the usr that generations are mounted over, or where exactly one of them is mounted?
 * Generations that another system (a container, another root) has over a usr of its own are left to its own
 * census. *ret_generation: the device of the generation, when it is one and all that is old there; else 0.
 */
bool old_usr_is_shown(const OldUsr *usr, const Mountinfo *mounts, dev_t *ret_generation);
