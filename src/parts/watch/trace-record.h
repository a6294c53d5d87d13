/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the kernel tells of processes: records of perf events (perf_event_open(2), "MMAP layout";
 * linux/perf_event.h). Pure: the ring hands over one record as bytes, with everything of it that a process
 * has chosen: its name, the path of what it maps.
 *
 * The events are opened by trace.c with the sample type TID | TIME | RAW | CGROUP and sample_id_all, which is
 * what this understands.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

enum {
	TRACE_IGNORED = 1,    /* a record that says nothing of what is asked here */
	TRACE_NAME_SIZE = 16, /* the kernel's TASK_COMM_LEN */
};

typedef enum TraceKind {
	TRACE_FORK,   /* process is a new one: a copy of parent */
	TRACE_EXEC,   /* process maps nothing of what it did, and is called name */
	TRACE_MAP,    /* process has mapped a file to run it: device, inode, path */
	TRACE_END,    /* process has ended */
	TRACE_SIGNAL, /* a signal for which it has no handler is delivered to process: signal, code, cgroup */
	TRACE_CGROUP, /* a control group was made: cgroup, path */
	TRACE_LOST,   /* the ring was full: what happened meanwhile is not known */
} TraceKind;

typedef struct TraceRecord {
	TraceKind kind;
	uint64_t time; /* nanoseconds of CLOCK_MONOTONIC; 0: the record has none */
	pid_t process; /* of this pid namespace */
	pid_t parent;
	char name[TRACE_NAME_SIZE]; /* as its owner chose it; ends with a zero byte */
	dev_t device;
	uint64_t inode;
	Bytes path;       /* within the record */
	int signal, code; /* code: si_code of sigaction(2) */
	uint64_t cgroup;  /* the number of its cgroup, that of cgroup2 */
	bool has_user;    /* of a signal, when trace-users.h knows */
	uid_t user;       /* the real one of process */
} TraceRecord;

/* Where the tracepoint signal:signal_deliver has its fields, from its "format" (trace-format.h). */
typedef struct TraceLayout {
	size_t signal, code, handler; /* offsets: int, int, unsigned long */
	bool has_cgroup;              /* samples end with the cgroup's number */
} TraceLayout;

/* One record, from its header to its end. TRACE_IGNORED for what is of no interest: threads, processes of
 * other namespaces, signals that have a handler, other kinds of records. */
int trace_record_parse(Bytes bytes, const TraceLayout *layout, TraceRecord *ret, Error *error);
