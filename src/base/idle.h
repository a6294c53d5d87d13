/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work that nobody waits for: it takes the processor and the disk only when nobody else wants them, and is
 * what the kernel ends first when memory runs out.
 */

#include "base/error.h"

/* For this thread, and for the processes and threads that it starts from now on: SCHED_IDLE (sched(7)) and
 * the I/O class "idle" (ioprio_set(2)); for this process and those it starts, oom_score_adj 500 (proc(5))
 * unless it is higher already. None of it takes a privilege, and there is no way back for who has none. Goes
 * as far as it can when it fails. */
int idle_become(Error *error);
