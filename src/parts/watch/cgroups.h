/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The names of control groups by their numbers: a service manager removes the group of a service that has
 * crashed at once, and the number is all that a record of the crash has.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

enum { CGROUPS_MAX = 1024, CGROUPS_PATH_MAX = 512 };

typedef struct Cgroups Cgroups;

int cgroups_new(Cgroups **ret, Error *error);
Cgroups *cgroups_free(Cgroups *cgroups);
DEFINE_CLEANUP(Cgroups *, cgroups_free);

/* Takes in those that are there: the tree of cgroup2, wherever it is mounted. None is no error. */
int cgroups_scan(Cgroups *cgroups, Error *error);

/* One that was made: its path begins with a slash. Of more than CGROUPS_MAX the oldest is forgotten; a path
 * that is too long is. */
int cgroups_add(Cgroups *cgroups, uint64_t number, Bytes path, Error *error);

/* "/system.slice/cron.service"; NULL when it is not known. Valid until the next call. */
const char *cgroups_find(const Cgroups *cgroups, uint64_t number);
