/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/worker-process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parts/worker/protocol.h"
#include "parts/worker/sanitizer.h"

/* A child that cannot run the program exits with this and errno. */
enum { NOT_RUN = 128 };

static const char *path_of(const WorkerProgram *program)
{
	const char *path = secure_getenv(program->variable);

	return path && *path ? path : program->path;
}

/* Between fork and exec: only what is safe there, whatever threads this process has. */
static _Noreturn void become_worker(const WorkerStart *start, const char *path, int socket)
{
	const struct rlimit time = {start->seconds, start->seconds};
	const struct rlimit addresses = {start->addresses, start->addresses};
	char *const argv[] = {(char *)(uintptr_t)path, (char *)(uintptr_t)start->program->role, NULL};
	char *const nothing[] = {NULL};
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* dup2() makes one that stays open; where it is that already, this does. */
	if ((socket == PROTOCOL_FD ? fcntl(socket, F_SETFD, 0) : dup2(socket, PROTOCOL_FD)) >= 0 &&
		close_range(PROTOCOL_FD + 1, ~0u, 0) == 0 && setrlimit(RLIMIT_CPU, &time) == 0 &&
		(worker_is_sanitized || setrlimit(RLIMIT_AS, &addresses) == 0))
		(void)execve(path, argv, start->environment ? start->environment : nothing);
	_exit(NOT_RUN + errno);
}

/* A fork into a process namespace, where only root may make one. Not clone3(), which a service that may not
 * make every kind of namespace cannot call: a filter of system calls does not see its flags. */
static pid_t fork_apart(int *ret_pidfd)
{
	unsigned long flags = CLONE_PIDFD | (geteuid() == 0 ? CLONE_NEWPID : 0) | SIGCHLD;

	return (pid_t)syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, NULL);
}

int worker_process_start(WorkerProcess *process, const WorkerStart *start, Error *error)
{
	CLEANUP_CLOSE int here = -1, there = -1;
	const char *path = path_of(start->program);
	int ends[2], pidfd = -1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_os(error, errno, "cannot make a socket");
	here = ends[0];
	there = ends[1];
	pid = fork_apart(&pidfd);
	if (pid < 0)
		return error_os(error, errno, "cannot start a process for %s", path);
	if (pid == 0)
		become_worker(start, path, there);
	*process = (WorkerProcess){pid, pidfd, TAKE_FD(here), path};
	return 0;
}

static int wait_for(WorkerProcess *process)
{
	int status = 0;

	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	process->pid = 0;
	process->pidfd = close_keeping_errno(process->pidfd);
	return status;
}

void worker_process_end(WorkerProcess *process)
{
	process->socket = close_keeping_errno(process->socket);
	if (process->pid > 0) {
		(void)kill(process->pid, SIGKILL);
		(void)wait_for(process);
	}
}

static bool has_ended(const WorkerProcess *process, unsigned seconds)
{
	struct pollfd end = {process->pidfd, POLLIN, 0};
	int r;

	do
		r = poll(&end, 1, (int)seconds * 1000);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

static int explain_signal(int number, Error *error)
{
	switch (number) {
	case SIGSYS:
		return error_set(error, "the worker tried what it may not, and was ended");
	case SIGKILL:
		return error_set(
			error, "the worker did not finish: it took too much time or memory, or was killed");
	default:
		return error_set(error, "the worker was ended by signal %d (%s)", number, strsignal(number));
	}
}

int worker_process_explain(WorkerProcess *process, unsigned seconds, Error *error)
{
	int status;

	if (!has_ended(process, seconds))
		return error_set(error, "the worker did not finish: it went silent");
	status = wait_for(process);
	if (WIFSIGNALED(status))
		return explain_signal(WTERMSIG(status), error);
	if (WEXITSTATUS(status) > NOT_RUN)
		return error_set(error, "cannot run %s: %s", process->path,
			error_os_text(WEXITSTATUS(status) - NOT_RUN));
	return error_set(error, "the worker ended before it was done");
}
