/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whose a process is when it crashes: the kernel's record of the signal does not say, and once it is read the
 * process can be gone. A BPF program of two dozen instructions, run by the kernel at the tracepoint
 * signal:signal_deliver and there for fatal signals alone, notes the process's real user by its number.
 *
 * It changes nothing of what others see of the tracepoint. bpf(2), bpf-helpers(7); it takes CAP_BPF.
 */

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/watch/trace-record.h"

enum { TRACE_USERS_MAX = 1024, TRACE_USERS_UNKNOWN = 1 };

typedef struct TraceUsers TraceUsers;

/* event: an event of the tracepoint, with which the program goes; layout: of its records; crashes: a bit for
 * each signal (at most 31) that is of interest. */
int trace_users_open(int event, const TraceLayout *layout, uint32_t crashes, TraceUsers **ret, Error *error);
TraceUsers *trace_users_free(TraceUsers *users);
DEFINE_CLEANUP(TraceUsers *, trace_users_free);

/* The real user, by its number in the initial user namespace, that this process of this pid namespace had
 * when it last got one of the signals. TRACE_USERS_UNKNOWN: none was noted, or too many were since; processes
 * of pid namespaces below are not. */
int trace_users_find(const TraceUsers *users, pid_t process, uid_t *ret);
