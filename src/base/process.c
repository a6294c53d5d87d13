/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { COMPLAINT_MAX = 64 * 1024, BLOCK_SIZE = 16 * 1024 };

/* The program starts with no signal blocked and SIGPIPE as usual, whatever this process has made of them. */
static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int out, int err)
{
	sigset_t none, usual;
	int r = 0;

	(void)sigemptyset(&none);
	(void)sigemptyset(&usual);
	(void)sigaddset(&usual, SIGPIPE);
	r |= posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	r |= posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
	r |= posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	r |= posix_spawnattr_setsigmask(attributes, &none);
	r |= posix_spawnattr_setsigdefault(attributes, &usual);
	r |= posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return r;
}

static int start(const char *const *argv, int out, int err, pid_t *ret, Error *error)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return error_memory(error);
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return error_memory(error);
	}
	r = set_up(&actions, &attributes, out, err) ? ENOMEM : 0;
	if (r == 0)
		r = posix_spawnp(
			ret, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r == ENOENT)
		return error_set(error, "%s is not installed", argv[0]);
	return r == 0 ? 0 : error_os(error, r, "cannot run %s", argv[0]);
}

/* One read from a pipe, appended to *to; *open turns false at its end. */
static int drain(int fd, Buffer *to, bool *open, Error *error)
{
	ssize_t n;

	if (buffer_reserve(to, BLOCK_SIZE, error) < 0)
		return -1;
	n = read(fd, to->data + to->size, BLOCK_SIZE);
	if (n < 0)
		return errno == EINTR ? 0 : error_os(error, errno, "cannot read from a program");
	*open = n > 0;
	to->size += (size_t)n;
	to->data[to->size] = 0;
	return 0;
}

static int drain_output(int fd, Buffer *output, size_t limit, bool *open, Error *error)
{
	CLEANUP_BUFFER Buffer dropped = BUFFER_INIT;

	if (!output)
		return drain(fd, &dropped, open, error);
	if (drain(fd, output, open, error) < 0)
		return -1;
	return output->size > limit ? error_set(error, "printed more than it may") : 0;
}

/* Of the complaints only the end matters. */
static int drain_complaint(int fd, Buffer *complaint, bool *open, Error *error)
{
	if (complaint->size > COMPLAINT_MAX) {
		size_t kept = COMPLAINT_MAX / 2;

		memmove(complaint->data, complaint->data + complaint->size - kept, kept);
		buffer_cut(complaint, kept);
	}
	return drain(fd, complaint, open, error);
}

static int drain_both(int out, int err, Buffer *output, size_t limit, Buffer *complaint, Error *error)
{
	struct pollfd ends[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
	bool open[2] = {true, true};

	while (open[0] || open[1]) {
		ends[0].fd = open[0] ? out : -1;
		ends[1].fd = open[1] ? err : -1;
		if (poll(ends, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_os(error, errno, "cannot wait for a program");
		}
		if (ends[0].revents && drain_output(out, output, limit, &open[0], error) < 0)
			return -1;
		if (ends[1].revents && drain_complaint(err, complaint, &open[1], error) < 0)
			return -1;
	}
	return 0;
}

static const char *last_line(Buffer *complaint)
{
	char *text = (char *)complaint->data;
	char *line;

	while (complaint->size > 0 && strchr(" \t\r\n", text[complaint->size - 1]))
		text[--complaint->size] = '\0';
	if (complaint->size == 0)
		return "it gave no reason";
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static int judge(const char *name, int status, Buffer *complaint, Error *error)
{
	if (WIFSIGNALED(status))
		return error_set(error, "%s was ended by signal %d", name, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(
			error, "%s failed with %d: %s", name, WEXITSTATUS(status), last_line(complaint));
	return 0;
}

static int run(const char *const *argv, size_t limit, Buffer *output, Error *error)
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
	if (start(argv, out_write, err_write, &child, error) < 0)
		return -1;
	out_write = close_keeping_errno(out_write);
	err_write = close_keeping_errno(err_write);
	r = drain_both(out_read, err_read, output, limit, &complaint, error);
	if (r < 0) {
		(void)error_in(error, "%s", argv[0]);
		(void)kill(child, SIGKILL);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_os(error, errno, "cannot wait for %s", argv[0]);
	return r < 0 ? r : judge(argv[0], status, &complaint, error);
}

int process_run(const char *const *argv, size_t max_output, Buffer *output, Error *error)
{
	size_t before = output ? output->size : 0;
	size_t limit = max_output < SIZE_MAX - before ? before + max_output : SIZE_MAX;

	if (run(argv, limit, output, error) < 0) {
		if (output)
			buffer_cut(output, before);
		return -1;
	}
	return 0;
}
