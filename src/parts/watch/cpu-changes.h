/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Have CPUs been off? The kernel takes from a CPU that goes its perf events for good, and says nothing of
 * that in their rings: whoever has opened events for each CPU (trace.h) opens them anew then.
 *
 * Nothing is polled. A CPU that somebody switches is told of by a uevent, of which a filter in the kernel
 * lets no others through; a suspend, which takes all CPUs but one, moves the clock (timerfd_create(2),
 * TFD_TIMER_CANCEL_ON_SET), as does whoever sets it. Where there are no uevents, in a container, the list of
 * those that are on is compared whenever the caller is awake.
 */

#include <poll.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { CPU_CHANGES_POLLS = 2 };

typedef struct CpuChanges CpuChanges;

int cpu_changes_open(CpuChanges **ret, Error *error);
CpuChanges *cpu_changes_free(CpuChanges *changes);
DEFINE_CLEANUP(CpuChanges *, cpu_changes_free);

/* Readable when there may be something to notice. */
void cpu_changes_poll(const CpuChanges *changes, struct pollfd to[static CPU_CHANGES_POLLS]);

/* May CPUs have been off since the last time? */
bool cpu_changes_noticed(CpuChanges *changes);
