/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Package managers change the base, and may do so only where everybody sees it: while one is at work, no
 * generation lies over ROOT/usr (docs/package-managers.md).
 *
 * Below ROOT/run/suture, which a reboot empties as it takes every mount away: at-work/PID is there for each
 * package manager, with the time that its process started at, as /proc/PID/stat has it; suspended while a
 * generation was covered for one and did not come back yet; lock is held for as long as a swap takes, and by
 * a package manager while it enters its name, so that either sees the other. Written by data/dpkg/dpkg-hook,
 * too.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum { SUSPENSION_NAME_SIZE = 32, SUSPENSION_NOBODY = 1 };

typedef struct PackageManager {
	pid_t pid;
	unsigned long long started; /* 0: unknown */
	char name[SUSPENSION_NAME_SIZE];
} PackageManager;

/* A package manager that is at work, or SUSPENSION_NOBODY. root is an open root directory. */
int suspension_find_manager(int root, PackageManager *ret, Error *error);

/* Waits until none is. */
int suspension_wait(int root, Error *error);

/* Fails, naming it, while a package manager is at work. */
int suspension_refuse(int root, Error *error);

/* Was a generation covered for a package manager, and is not back yet? */
bool suspension_is_on(int root);

/* What is mounted changes only under the lock, until it is closed. *ret_fd is -1 below a root that cannot be
 * written to, as in early boot, where no package manager works either. */
int suspension_lock(int root, int *ret_fd, Error *error);

/* Both under the lock. */
int suspension_begin(int root, Error *error);
void suspension_end(int root);
