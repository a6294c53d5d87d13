/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The processes of this pid namespace, what each is called, and which sets of files it has mapped: followed
 * from record to record, in the order of their times. A process that has ended is kept for a while, for
 * whoever hears of it later.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "parts/watch/trace-record.h"

enum { PROCESSES_MAX = 1 << 20, PROCESSES_KEPT_SECONDS = 60 };

/* The caller's mark: what is known of a process's end. */
typedef enum ProcessFate {
	PROCESS_LIVES,
	PROCESS_COUNTED, /* it has crashed or failed, and that was dealt with */
	PROCESS_KILLED,  /* somebody has sent it a signal that looks like a crash */
} ProcessFate;

typedef struct Process {
	pid_t pid;
	uint64_t ended; /* when, in nanoseconds of CLOCK_MONOTONIC; 0: it has not */
	uint64_t sets;  /* a bit for each set that it has mapped files of, or what it was copied from */
	ProcessFate fate;
	char name[TRACE_NAME_SIZE];
} Process;

/* Sorted by pid. Starts zeroed. */
typedef struct Processes {
	Process *items;
	size_t n, capacity;
} Processes;

void processes_clear(Processes *processes);

Process *processes_find(const Processes *processes, pid_t pid);

/* One that is not known yet is added, without a name and with nothing mapped. */
int processes_get(Processes *processes, pid_t pid, Process **ret, Error *error);

/* sets: of a TRACE_MAP. What is no news of processes changes nothing. */
int processes_apply(Processes *processes, const TraceRecord *record, uint64_t sets, Error *error);

/* Forgets what ended more than PROCESSES_KEPT_SECONDS before now. */
void processes_purge(Processes *processes, uint64_t now);
