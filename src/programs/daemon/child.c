/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "programs/daemon/records.h"
#include "programs/daemon/view.h"

/* Whether anybody still listens does not matter: what was begun is brought to its end. */
static void send_all(int socket, Bytes bytes)
{
	while (bytes.size > 0) {
		ssize_t n = send(socket, bytes.data, bytes.size, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			bytes = (Bytes){bytes.data + n, bytes.size - (size_t)n};
	}
}

static int send_record(int socket, Record record, Error *error)
{
	CLEANUP_BUFFER Buffer bytes = BUFFER_INIT;

	if (record_encode(&record, &bytes, error) < 0)
		return -1;
	send_all(socket, buffer_bytes(&bytes));
	return 0;
}

static void tell_progress(void *userdata, const char *what, uint64_t done, uint64_t total, const char *result)
{
	int socket = *(const int *)userdata;

	(void)send_record(socket,
		result ? (Record){RECORD_ENDED, 0, 0, result} : (Record){RECORD_PROGRESS, done, total, what},
		NULL);
}

static void tell_message(void *userdata, LogLevel level, const char *line)
{
	if (level == LOG_LEVEL_WARNING)
		(void)send_record(*(const int *)userdata, (Record){RECORD_WARNING, 0, 0, line}, NULL);
}

/* NULL: there is none. */
static int send_report(int socket, const json_t *report, bool nothing, Error *error)
{
	CLEANUP_BUFFER Buffer document = BUFFER_INIT;
	const char *text = json_is_string(report) ? json_string_value(report) : "";

	if (report && !json_is_string(report)) {
		if (json_write(report, &document, error) < 0)
			return -1;
		text = (const char *)document.data;
	}
	return send_record(socket, (Record){RECORD_REPORT, nothing, 0, text}, error);
}

static int run(const ChildWork *work, int socket, Error *error)
{
	CLEANUP_JSON json_t *report = NULL;
	Progress progress = progress_to(tell_progress, &socket);
	EngineOptions options = work->place->options;
	int r;

	if (place_enter(work->place, error) < 0)
		return -1;
	options.progress = &progress;
	options.leaving[0] = work->daemon;
	options.leaving[1] = work->operation->changes ? work->caller : 0;
	r = operation_run(work->operation, &options, &work->input, &report, error);
	if (r < 0)
		return -1;
	if (view_limit_to_user(report, work->uid, error) < 0 ||
		send_report(socket, report, r == ENGINE_NOTHING, error) < 0)
		return error_in(error, "the report of what was done");
	return 0;
}

/* Nothing of sutured's is left but its standard streams: not its signals, not its connections. */
static void become_child(int socket)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)close_range(STDERR_FILENO + 1, (unsigned)socket - 1, 0);
	(void)close_range((unsigned)socket + 1, ~0U, 0);
}

static const char begin = 'b';

static bool may_begin(int socket)
{
	char word = 0;
	ssize_t n;

	do
		n = read(socket, &word, sizeof(word));
	while (n < 0 && errno == EINTR);
	return n == sizeof(word) && word == begin;
}

static _Noreturn void work_to_the_end(const ChildWork *work, int socket)
{
	Error error = ERROR_INIT;

	become_child(socket);
	if (!may_begin(socket))
		_exit(1);
	log_set_listener(tell_message, &socket);
	if (run(work, socket, &error) < 0)
		(void)send_record(socket, (Record){RECORD_FAILED, 0, 0, error.text}, NULL);
	/* Not exit(): what sutured has set up is not this process's to end. */
	_exit(0);
}

/* When it has ended already, its end tells. */
void child_let_begin(int socket)
{
	(void)send(socket, &begin, sizeof(begin), MSG_NOSIGNAL);
}

int child_start(const ChildWork *work, pid_t *ret_pid, int *ret_socket, Error *error)
{
	CLEANUP_CLOSE int here = -1, there = -1;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_os(error, errno, "cannot make a socket");
	here = ends[0];
	there = ends[1];
	if (fcntl(here, F_SETFL, O_NONBLOCK) < 0)
		return error_os(error, errno, "cannot set up a socket");
	pid = fork();
	if (pid < 0)
		return error_os(error, errno, "cannot start a process");
	if (pid == 0)
		work_to_the_end(work, there);
	*ret_pid = pid;
	*ret_socket = TAKE_FD(here);
	return 0;
}
