/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/idle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { OOM_SCORE = 500 };

static const char oom_score_file[] = "/proc/self/oom_score_adj";

/* Before idle_become(). */
static struct {
	bool known;
	int scheduler, io;
	char oom_score[16]; /* "": is left as it is */
} former;

static int yield_memory(Error *error)
{
	CLEANUP_CLOSE int fd = open(oom_score_file, O_RDWR | O_CLOEXEC);
	char text[sizeof(former.oom_score)] = "";
	int score = 0;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return error_os(error, errno, "cannot read oom_score_adj");
	if (sscanf(text, "%d", &score) == 1 && score >= OOM_SCORE)
		return 0;
	if (dprintf(fd, "%d", OOM_SCORE) < 0)
		return error_os(error, errno, "cannot set oom_score_adj");
	memcpy(former.oom_score, text, sizeof(text));
	return 0;
}

static void remember(void)
{
	if (former.known)
		return;
	former.known = true;
	former.scheduler = sched_getscheduler(0);
	former.io = (int)syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
}

int idle_become(Error *error)
{
	const struct sched_param none = {.sched_priority = 0};
	int r = 0;

	remember();
	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		r = error_os(error, errno, "cannot become idle");
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)) < 0)
		r = error_os(error, errno, "cannot make I/O idle");
	return yield_memory(error) < 0 ? -1 : r;
}

void idle_end(void)
{
	const struct sched_param none = {.sched_priority = 0};
	CLEANUP_CLOSE int fd = -1;

	if (!former.known)
		return;
	if (former.scheduler == SCHED_OTHER || former.scheduler == SCHED_BATCH)
		(void)sched_setscheduler(0, former.scheduler, &none);
	if (former.io >= 0)
		(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, former.io);
	fd = former.oom_score[0] ? open(oom_score_file, O_WRONLY | O_CLOEXEC) : -1;
	if (fd >= 0)
		(void)!write(fd, former.oom_score, strlen(former.oom_score));
}
