/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What happens to all processes of the machine, from the kernel itself and as it happens: forks, programs
 * that begin, files that are mapped to be run, ends, and signals that end a process with a crash. Nothing is
 * polled: the descriptors of trace_poll() become readable when a process crashes, or when a ring is half
 * full.
 *
 * It takes CAP_PERFMON, to find the tracepoint CAP_SYS_ADMIN, and CAP_BPF to tell whose a crash is; process
 * numbers are those of this pid namespace. perf_event_open(2); Documentation/trace/events.rst, "signal".
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/watch/trace-record.h"

enum { TRACE_UNAVAILABLE = 1 };

typedef struct Trace Trace;

/* TRACE_UNAVAILABLE, with the sentence in error: this kernel, or this container, does not allow it. */
int trace_open(Trace **ret, Error *error);
Trace *trace_free(Trace *trace);
DEFINE_CLEANUP(Trace *, trace_free);

/* Does it tell whose the processes are that crash, even when they are gone by then? */
bool trace_knows_users(const Trace *trace);

size_t trace_n_polls(const Trace *trace);
void trace_poll(const Trace *trace, struct pollfd *to);

/* One record that the caller wants to hear of again, in its time; sets is what it made of a mapping. */
typedef struct TraceEvent {
	TraceRecord record; /* without its path */
	uint64_t sets;
} TraceEvent;

typedef struct TraceReader {
	/* The record as it comes, in no order, and with its path. *ret_keep: it is to be an event. */
	int (*look)(
		void *userdata, const TraceRecord *record, uint64_t *ret_sets, bool *ret_keep, Error *error);
	/* What was kept and has happened before this trace_read() began, in the order of time. */
	int (*happen)(void *userdata, const TraceEvent *event, Error *error);
	void *userdata;
} TraceReader;

/* Reads all there is. *ret_lost: the kernel had to leave something out, or a record made no sense. */
int trace_read(Trace *trace, const TraceReader *reader, bool *ret_lost, Error *error);

/* Nanoseconds of the clock that records have. */
uint64_t trace_now(void);
