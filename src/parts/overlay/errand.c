/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/errand.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { PATIENCE_MS = 120 * 1000 };

/* What the child says, together with the descriptor. */
typedef struct Answer {
	int result;
	Error error;
} Answer;

/* Room for one descriptor, aligned for the header in front of it. */
typedef union Ancillary {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
} Ancillary;

static int send_answer(int socket, Answer *answer, int fd)
{
	Ancillary ancillary = {.room = {0}};
	struct iovec part = {answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *header = &ancillary.align;

		message.msg_control = &ancillary;
		message.msg_controllen = sizeof(ancillary.room);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	do {
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*answer) ? 0 : -1;
}

/* The caller's handlers belong to the caller's work; here a signal just ends the errand. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_child(ErrandWork work, void *userdata, pid_t parent, int socket)
{
	Answer answer = {.error = ERROR_INIT};
	int fd = -1;

	reset_signals();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	answer.result = work(userdata, &fd, &answer.error);
	_exit(send_answer(socket, &answer, fd) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for_answer(int socket, Error *error)
{
	struct pollfd end = {socket, POLLIN, 0};
	int64_t deadline = now_ms() + PATIENCE_MS;
	int r;

	do {
		int64_t left = deadline - now_ms();

		r = poll(&end, 1, left > 0 ? (int)left : 0);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_os(error, errno, "cannot wait for the helper process");
	if (r == 0)
		return error_set(
			error, "the helper process did not finish within %d seconds", PATIENCE_MS / 1000);
	return 0;
}

static int receive_answer(int socket, Answer *ret, int *ret_fd, Error *error)
{
	Ancillary ancillary = {.room = {0}};
	struct iovec part = {ret, sizeof(*ret)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary.room)};
	struct cmsghdr *header;
	ssize_t n;

	if (wait_for_answer(socket, error) < 0)
		return -1;
	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_os(error, errno, "cannot hear from the helper process");
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
		header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
	if (n != (ssize_t)sizeof(*ret))
		return error_set(error, "the helper process ended before it was done");
	return 0;
}

/* The end of the child is the end of its namespace, and so of everything it mounted for itself. A caller that
 * ignores SIGCHLD has no status to read, only an end to wait for. */
static void reap(pid_t child)
{
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

int errand_run(ErrandWork work, void *userdata, int *ret_fd, Error *error)
{
	CLEANUP_CLOSE int here = -1, there = -1, fd = -1;
	Answer answer = {.error = ERROR_INIT};
	pid_t parent = getpid();
	pid_t child;
	int ends[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_os(error, errno, "cannot make a socket");
	here = ends[0];
	there = ends[1];
	child = fork();
	if (child < 0)
		return error_os(error, errno, "cannot start a helper process");
	if (child == 0)
		run_child(work, userdata, parent, there);
	there = close_keeping_errno(there);
	r = receive_answer(here, &answer, &fd, error);
	if (r < 0)
		(void)kill(child, SIGKILL);
	reap(child);
	if (r < 0)
		return r;
	if (answer.result < 0) {
		if (error)
			*error = answer.error;
		return answer.result;
	}
	if (fd < 0)
		return error_set(error, "the helper process handed nothing over");
	*ret_fd = TAKE_FD(fd);
	return answer.result;
}
