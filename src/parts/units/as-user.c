/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/as-user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { ANSWER_FD = 3 };

/* What the child writes first; the result follows when it is done. */
typedef struct Answer {
	int r;
	Error error;
} Answer;

const char *as_user_directory(uid_t uid, char directory[static AS_USER_DIRECTORY_SIZE])
{
	(void)snprintf(directory, AS_USER_DIRECTORY_SIZE, "/run/user/%lu", (unsigned long)uid);
	return directory;
}

/* For good: neither back to root, nor can the user look into what this process remembers of root's. */
static int become(const struct stat *owner, Error *error)
{
	if (geteuid() == 0 && (setgroups(1, &owner->st_gid) < 0 ||
				      setresgid(owner->st_gid, owner->st_gid, owner->st_gid) < 0 ||
				      setresuid(owner->st_uid, owner->st_uid, owner->st_uid) < 0))
		return error_os(error, errno, "cannot become user %lu", (unsigned long)owner->st_uid);
	if (getuid() != owner->st_uid)
		return error_set(error, "only root, or user %lu, may do this", (unsigned long)owner->st_uid);
	/* The change of the user has undone any earlier wish to end with the parent. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_os(error, errno, "cannot keep a process of a user apart");
	return 0;
}

/* The pipe is ANSWER_FD; everything else of root's is closed. */
static bool keep_only(int pipe)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return false;
	return dup2(pipe, ANSWER_FD) >= 0 && close_range(ANSWER_FD + 1, ~0U, 0) == 0;
}

static _Noreturn void run_child(
	const char *directory, const struct stat *owner, AsUserWork work, void *result, size_t size)
{
	Answer answer = {.error = ERROR_INIT};

	if (become(owner, &answer.error) < 0)
		answer.r = -1;
	else
		answer.r = work(directory, result, &answer.error);
	if (file_write_all(
		    ANSWER_FD, (Bytes){(const uint8_t *)&answer, sizeof(answer)}, "the answer", NULL) == 0 &&
		answer.r >= 0)
		(void)file_write_all(ANSWER_FD, (Bytes){result, size}, "the answer", NULL);
	_exit(0);
}

static int read_whole(int fd, void *place, size_t size, int64_t deadline_ms, Error *error)
{
	size_t at = 0;

	while (at < size) {
		struct pollfd end = {fd, POLLIN, 0};
		int64_t left_ms = deadline_ms - clock_monotonic_ms();
		int ready = left_ms > 0 ? poll(&end, 1, (int)left_ms) : 0;
		ssize_t n = ready > 0 ? read(fd, (char *)place + at, size - at) : 0;

		if (ready == 0)
			return error_set(error, "the user's services do not answer in time");
		if (ready > 0 && n == 0)
			return error_set(error, "the work for the user was cut off");
		if ((ready < 0 || n < 0) && errno != EINTR)
			return error_os(error, errno, "cannot wait for the work for the user");
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int take_answer(int fd, void *result, size_t size, int64_t deadline_ms, Error *error)
{
	CLEANUP_FREE void *copy = malloc(size);
	Answer answer;

	if (!copy)
		return error_memory(error);
	if (read_whole(fd, &answer, sizeof(answer), deadline_ms, error) < 0)
		return -1;
	answer.error.text[sizeof(answer.error.text) - 1] = '\0';
	text_make_printable(answer.error.text);
	if (answer.r < 0)
		return error_set(error, "%s", answer.error.text);
	if (read_whole(fd, copy, size, deadline_ms, error) < 0)
		return -1;
	memcpy(result, copy, size);
	return answer.r;
}

int as_user(const char *directory, AsUserWork work, void *result, size_t size, int seconds, Error *error)
{
	CLEANUP_CLOSE int reading = -1, writing = -1;
	struct stat owner;
	int ends[2], r;
	pid_t child;

	if (lstat(directory, &owner) < 0 || !S_ISDIR(owner.st_mode))
		return error_set(error, "%s is not there: the user is not logged in", directory);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_os(error, errno, "cannot make a pipe");
	reading = ends[0];
	writing = ends[1];
	child = fork();
	if (child < 0)
		return error_os(error, errno, "cannot start the work for a user");
	if (child == 0) {
		if (!keep_only(writing))
			_exit(1);
		run_child(directory, &owner, work, result, size);
	}
	(void)close_keeping_errno(TAKE_FD(writing));
	r = take_answer(reading, result, size, clock_monotonic_ms() + (int64_t)seconds * 1000, error);
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}
