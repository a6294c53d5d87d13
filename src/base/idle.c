/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/idle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { OOM_SCORE = 500 };

static int yield_memory(Error *error)
{
	CLEANUP_CLOSE int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[16] = "";
	int score = 0;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return error_os(error, errno, "cannot read oom_score_adj");
	if (sscanf(text, "%d", &score) == 1 && score >= OOM_SCORE)
		return 0;
	if (dprintf(fd, "%d", OOM_SCORE) < 0)
		return error_os(error, errno, "cannot set oom_score_adj");
	return 0;
}

int idle_become(Error *error)
{
	const struct sched_param none = {.sched_priority = 0};
	int r = 0;

	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		r = error_os(error, errno, "cannot become idle");
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)) < 0)
		r = error_os(error, errno, "cannot make I/O idle");
	return yield_memory(error) < 0 ? -1 : r;
}
