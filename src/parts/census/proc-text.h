/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The small files of /proc/PID, as text in and values out: stat, status, cgroup (proc_pid_stat(5),
 * proc_pid_status(5), cgroups(7)). The kernel wrote them, but a process chooses its name and may choose its
 * cgroup's.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/census/census.h"

typedef struct ProcStat {
	char name[CENSUS_NAME_SIZE]; /* ASCII; everything else is '?' */
	char state;                  /* 'Z': a zombie */
	uint64_t n_threads;
	uint64_t start_time; /* clock ticks since boot */
} ProcStat;

int proc_text_stat(Bytes text, ProcStat *ret, Error *error);

/* The effective user, as ps shows it. */
int proc_text_uid(Bytes text, uid_t *ret, Error *error);

/*
 * The unit that a process belongs to, "" when it is in none:
 *   cron.service                          a service or scope of the system manager
 *   session-2.scope
 *   user@1000.service                     a user's service manager itself
 *   user@1000.service/pipewire.service    a unit of that user's manager, not of the system's
 * It is the outermost unit of the path: what lies deeper belongs to another manager (of a user, of a
 * container) and names a different unit, even if it is called the same. Escapes stay as they are.
 */
void proc_text_unit(Bytes text, char unit[static CENSUS_UNIT_SIZE]);
