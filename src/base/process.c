/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { EXIT_NOT_FOUND = 127, STDERR_MAX = 64 * 1024 };

static _Noreturn void run_child(const char *const *argv, int out, int err)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(err, STDERR_FILENO) < 0)
		_exit(126);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : 126);
}

/* One read from a pipe; *open turns false at its end. What goes beyond max is counted but not kept. */
static int drain(int fd, Buffer *to, size_t max, bool *open, bool *overflow, Error *error)
{
	uint8_t block[16 * 1024];
	ssize_t n = read(fd, block, sizeof(block));
	size_t room = to && to->size < max ? max - to->size : 0;

	if (n < 0)
		return errno == EINTR ? 0 : error_os(error, errno, "cannot read from a program");
	*open = n > 0;
	if ((size_t)n > room)
		*overflow = true;
	return to ? buffer_append(to, block, (size_t)n < room ? (size_t)n : room, error) : 0;
}

static int drain_both(int out, int err, Buffer *output, size_t max_output, Buffer *complaint, Error *error)
{
	struct pollfd ends[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
	bool open[2] = {true, true};
	bool overflow = false, ignored = false;

	while (open[0] || open[1]) {
		ends[0].fd = open[0] ? out : -1;
		ends[1].fd = open[1] ? err : -1;
		if (poll(ends, 2, -1) < 0 && errno != EINTR)
			return error_os(error, errno, "cannot wait for a program");
		if (ends[0].revents && drain(out, output, max_output, &open[0], &overflow, error) < 0)
			return -1;
		if (ends[1].revents && drain(err, complaint, STDERR_MAX, &open[1], &ignored, error) < 0)
			return -1;
	}
	if (output && overflow)
		return error_set(error, "printed more than the %zu bytes allowed", max_output);
	return 0;
}

static const char *last_line(Buffer *complaint)
{
	char *text = (char *)complaint->data;
	char *line;

	if (!text)
		return "it gave no reason";
	while (complaint->size > 0 && (text[complaint->size - 1] == '\n' || text[complaint->size - 1] == ' '))
		text[--complaint->size] = '\0';
	line = strrchr(text, '\n');
	return *text ? (line ? line + 1 : text) : "it gave no reason";
}

static int judge(const char *name, int status, Buffer *complaint, Error *error)
{
	if (WIFSIGNALED(status))
		return error_set(error, "%s was ended by signal %d", name, WTERMSIG(status));
	if (WEXITSTATUS(status) == EXIT_NOT_FOUND)
		return error_set(error, "%s is not installed", name);
	if (WEXITSTATUS(status) != 0)
		return error_set(
			error, "%s failed with %d: %s", name, WEXITSTATUS(status), last_line(complaint));
	return 0;
}

int process_run(const char *const *argv, size_t max_output, Buffer *output, Error *error)
{
	CLEANUP_CLOSE int out_read = -1, out_write = -1, err_read = -1, err_write = -1;
	CLEANUP_BUFFER Buffer complaint = BUFFER_INIT;
	int pair[2], status = 0, r;
	pid_t child;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_os(error, errno, "cannot run %s", argv[0]);
	out_read = pair[0];
	out_write = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_os(error, errno, "cannot run %s", argv[0]);
	err_read = pair[0];
	err_write = pair[1];
	child = fork();
	if (child < 0)
		return error_os(error, errno, "cannot run %s", argv[0]);
	if (child == 0)
		run_child(argv, out_write, err_write);
	out_write = close_keeping_errno(out_write);
	err_write = close_keeping_errno(err_write);
	r = drain_both(out_read, err_read, output, max_output, &complaint, error);
	if (r < 0) {
		(void)error_in(error, "%s", argv[0]);
		(void)kill(child, SIGKILL);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_os(error, errno, "cannot wait for %s", argv[0]);
	return r < 0 ? r : judge(argv[0], status, &complaint, error);
}
