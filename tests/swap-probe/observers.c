/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "observers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 256 };

uint64_t epoch_pack(Epoch epoch)
{
	return (uint64_t)epoch.run << 32 | (uint64_t)epoch.step << 16 | (uint64_t)epoch.from << 8 | epoch.to;
}

static Epoch epoch_unpack(uint64_t word)
{
	return (Epoch){(uint32_t)(word >> 32), (uint16_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word};
}

static void count(_Atomic uint64_t *counter)
{
	(void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void judge(Observed *observed, uint64_t before, uint64_t after, uint8_t seen)
{
	Epoch first = epoch_unpack(before), last = epoch_unpack(after);

	if (seen == 0 && first.run == last.run && first.run % 2 == 1)
		count(&observed->base_between);
	else if (before == after && seen != first.from && seen != first.to)
		count(&observed->wrong);
}

static void read_once(Observed *observed, const char *path)
{
	uint64_t before = atomic_load(&observed->epoch);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char seen = 0;
	bool good = fd >= 0 && read(fd, &seen, 1) == 1 && seen >= '0' && seen <= '9';

	if (fd >= 0)
		(void)close(fd);
	count(&observed->opens);
	if (good)
		judge(observed, before, atomic_load(&observed->epoch), (uint8_t)(seen - '0'));
	else
		count(&observed->errors);
}

static _Noreturn void read_on(Observed *observed, const char *usr)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/lib/generation", usr);
	while (!atomic_load(&observed->stop))
		read_once(observed, path);
	_exit(EXIT_SUCCESS);
}

/* Observers never rest; the swapper, which waits for the kernel now and then, must not queue up behind them.
 */
static pid_t start(void)
{
	pid_t child = fork();

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setpriority(PRIO_PROCESS, 0, 10);
	}
	return child;
}

pid_t observe_reads(Observed *observed, const char *usr)
{
	pid_t child = start();

	if (child == 0)
		read_on(observed, usr);
	return child;
}

pid_t observe_reads_in_namespace(Observed *observed, const char *usr)
{
	pid_t child = start();

	if (child != 0)
		return child;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) {
		count(&observed->errors);
		_exit(EXIT_FAILURE);
	}
	read_on(observed, usr);
}

static void exec_once(Observed *observed, char *path)
{
	char quiet[] = "quiet";
	char *argv[] = {path, path, quiet, NULL};
	int status = -1;
	pid_t child;

	if (posix_spawn(&child, path, NULL, NULL, argv, NULL) == 0)
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	count(&observed->execs);
	if (status != 0)
		count(&observed->exec_failures);
}

pid_t observe_execs(Observed *observed, const char *usr)
{
	pid_t child = start();
	char path[PATH_SIZE];

	if (child != 0)
		return child;
	(void)snprintf(path, sizeof(path), "%s/bin/origin-probe", usr);
	while (!atomic_load(&observed->stop))
		exec_once(observed, path);
	_exit(EXIT_SUCCESS);
}
