/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/health-run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/idle.h"
#include "base/text.h"

enum { TAIL_SIZE = 4096, READS_AFTER_END = 64, EXIT_CANNOT_RUN = 127 };

/* The end of what it prints. */
typedef struct Tail {
	char text[2 * TAIL_SIZE + 1];
	size_t size;
} Tail;

/* Between fork() and exec: what is safe in a process that had threads, and nothing else. */
static void become(const HealthRun *run, int out)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char language[] = "LANG=C.UTF-8";
	char when[sizeof(run->when)];
	char *const environment[] = {
		path, language, memcpy(when, run->when, sizeof(when)), run->components, run->letters, NULL};
	char *argv[] = {(char *)(uintptr_t)run->path, NULL};
	sigset_t none;
	int null;

	(void)setsid();
	/* It has so many seconds, and a letter is taken off when they do not suffice: whoever keeps the
	 * processor busy is not to bring that about. */
	idle_end();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)umask(022);
	if (strcmp(run->root, "/") != 0 && chroot(run->root) < 0)
		_exit(EXIT_CANNOT_RUN);
	null = open("/dev/null", O_RDONLY);
	if (chdir("/") < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(EXIT_CANNOT_RUN);
	if (null >= 0)
		(void)dup2(null, STDIN_FILENO);
	else
		(void)close(STDIN_FILENO);
	(void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	(void)execve(run->path, argv, environment);
	_exit(EXIT_CANNOT_RUN);
}

/* False at its end. */
static bool read_some(int fd, Tail *tail)
{
	ssize_t n;

	if (tail->size > TAIL_SIZE) {
		memmove(tail->text, tail->text + tail->size - TAIL_SIZE, TAIL_SIZE);
		tail->size = TAIL_SIZE;
	}
	n = read(fd, tail->text + tail->size, TAIL_SIZE);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	tail->size += (size_t)n;
	return true;
}

/* Until the program itself has ended: who it leaves behind may hold the pipe for ever. False when it is too
 * late. */
static bool follow(int process, int out, int64_t deadline, Tail *tail)
{
	struct pollfd ends[] = {{process, POLLIN, 0}, {out, POLLIN, 0}};
	size_t n = 0;

	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();

		if (left <= 0)
			return false;
		if (poll(ends, ARRAY_SIZE(ends), (int)left) <= 0)
			continue;
		if (ends[1].revents && !read_some(out, tail))
			ends[1].fd = -1;
		if (ends[0].revents && (!(ends[1].revents & POLLIN) || n++ == READS_AFTER_END))
			return true;
	}
}

static const char *last_line(Tail *tail)
{
	char *line;

	while (tail->size > 0 && strchr(" \t\r\n", tail->text[tail->size - 1]))
		tail->size--;
	tail->text[tail->size] = '\0';
	if (tail->size == 0)
		return "it gave no reason";
	line = strrchr(tail->text, '\n');
	line = line ? line + 1 : tail->text;
	text_make_printable(line);
	return line;
}

static int judge(int status, Tail *tail, Error *error)
{
	if (WIFSIGNALED(status))
		return error_set(error, "ended by signal %d: %.300s", WTERMSIG(status), last_line(tail));
	if (WEXITSTATUS(status) != 0)
		return error_set(error, "%.300s", last_line(tail));
	return 0;
}

static int attend(const HealthRun *run, pid_t child, int out, Error *error)
{
	CLEANUP_CLOSE int process = (int)syscall(SYS_pidfd_open, child, 0);
	Tail tail = {.size = 0};
	int status = 0;
	bool in_time = process >= 0 &&
		       follow(process, out, clock_monotonic_ms() + (int64_t)run->seconds * 1000, &tail);

	/* Its group has its number, which is its own until it is waited for. */
	(void)kill(-child, SIGKILL);
	(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return error_set(error, "not done after %d seconds: %.300s", run->seconds, last_line(&tail));
	return judge(status, &tail, error);
}

int health_run(const HealthRun *run, Error *error)
{
	CLEANUP_CLOSE int out = -1, in = -1;
	int pair[2];
	pid_t child;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_os(error, errno, "cannot run it");
	out = pair[0];
	in = pair[1];
	child = fork();
	if (child < 0)
		return error_os(error, errno, "cannot run it");
	if (child == 0)
		become(run, in);
	in = close_keeping_errno(in);
	return attend(run, child, out, error);
}
