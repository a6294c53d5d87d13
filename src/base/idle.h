/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work that nobody waits for: it takes the processor and the disk only when nobody else wants them, and is
 * what the kernel ends first when memory runs out.
 */

#include "base/error.h"

/* For this thread, and for the processes and threads that it starts from now on: SCHED_IDLE (sched(7)) and
 * the I/O class "idle" (ioprio_set(2)); for this process and those it starts, oom_score_adj 500 (proc(5))
 * unless it is higher already. None of it takes a privilege. Goes as far as it can when it fails. */
int idle_become(Error *error);

/* For a process that somebody waits for after all, and those it starts: as before idle_become(), if that was
 * called. Goes as far as it may: back to the processor takes CAP_SYS_NICE or RLIMIT_NICE (LimitNICE= of a
 * unit). Makes system calls only, so that it may come between fork() and exec. */
void idle_end(void);
