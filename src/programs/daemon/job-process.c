/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/job-process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

enum { BLOCK_SIZE = 64 * 1024 };

struct JobProcess {
	JobProcessListener listener;
	void *userdata;
	const char *name; /* of its operation */
	pid_t pid;
	int socket;
	Records records;
	char *report; /* once it is there */
	bool nothing;
	Error failure;     /* once that is there */
	bool out_of_order; /* what it said is no record */
	sd_event_source *output, *end;
};

JobProcess *job_process_free(JobProcess *process)
{
	if (process) {
		(void)sd_event_source_disable_unref(process->output);
		(void)sd_event_source_disable_unref(process->end);
		(void)close_keeping_errno(process->socket);
		records_clear(&process->records);
		free(process->report);
		free(process);
	}
	return NULL;
}

void job_process_kill(JobProcess *process)
{
	(void)kill(process->pid, SIGTERM);
}

/* The last one is kept until the process has ended: only then the next may start. */
static int take_record(JobProcess *process, const Record *record, Error *error)
{
	if (record->type == RECORD_REPORT) {
		process->nothing = record->a == 1;
		return text_copy(record->text, &process->report, error);
	}
	if (record->type == RECORD_FAILED)
		(void)error_set(&process->failure, "%s", record->text);
	else
		process->listener(process->userdata, record, NULL, false);
	return 0;
}

static int take_records(JobProcess *process, Bytes bytes, Error *error)
{
	Record record;
	int r;

	if (records_append(&process->records, bytes, error) < 0)
		return -1;
	while ((r = records_next(&process->records, &record, error)) == 0)
		if (take_record(process, &record, error) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

/* One read. > 0: bytes were read; 0: none are there now; < 0: none come any more. */
static int read_some(JobProcess *process)
{
	uint8_t block[BLOCK_SIZE];
	ssize_t n = read(process->socket, block, sizeof(block));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	if (take_records(process, (Bytes){block, (size_t)n}, &process->failure) < 0) {
		process->out_of_order = true;
		(void)kill(process->pid, SIGKILL);
		return -1;
	}
	return 1;
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)fd;
	(void)events;
	/* Its end is told by on_end(). */
	return read_some(userdata) < 0 ? sd_event_source_set_enabled(source, SD_EVENT_OFF) : 0;
}

static void explain_end(JobProcess *process, const siginfo_t *info)
{
	if (process->out_of_order)
		(void)error_in(&process->failure, "the process of %s was out of order", process->name);
	else if (info->si_code == CLD_EXITED)
		(void)error_set(
			&process->failure, "the process of %s ended without an answer", process->name);
	else
		(void)error_set(&process->failure,
			"the process of %s was ended by signal %d (%s); what /usr shows is whole, "
			"\"suture status\" says what that is",
			process->name, info->si_status, strsignal(info->si_status));
}

static int on_end(sd_event_source *source, const siginfo_t *info, void *userdata)
{
	JobProcess *process = userdata;
	bool whole;

	(void)source;
	/* Of a process that has ended, all that it said is there. */
	while (!process->out_of_order && read_some(process) > 0)
		;
	whole = process->records.over && !process->out_of_order;
	if (!whole)
		explain_end(process, info);
	process->listener(process->userdata, NULL,
		&(Record){process->report && whole ? RECORD_REPORT : RECORD_FAILED, process->nothing, 0,
			process->report && whole ? process->report : process->failure.text},
		!whole);
	return 0;
}

static int watch(JobProcess *process, sd_event *event, Error *error)
{
	int r = sd_event_add_io(event, &process->output, process->socket, EPOLLIN, on_output, process);

	if (r >= 0)
		r = sd_event_add_child(event, &process->end, process->pid, WEXITED, on_end, process);
	return r < 0 ? error_os(error, -r, "cannot watch a process") : 0;
}

/* It has not begun. */
static void end_unwatched(const JobProcess *process)
{
	(void)kill(process->pid, SIGKILL);
	while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int job_process_start(const ChildWork *work, sd_event *event, JobProcessListener listener, void *userdata,
	JobProcess **ret, Error *error)
{
	CLEANUP(job_process_free) JobProcess *process = calloc(1, sizeof(*process));

	if (!process)
		return error_memory(error);
	*process = (JobProcess){
		.listener = listener, .userdata = userdata, .name = work->operation->name, .socket = -1};
	if (child_start(work, &process->pid, &process->socket, error) < 0)
		return -1;
	if (watch(process, event, error) < 0) {
		end_unwatched(process);
		return -1;
	}
	child_let_begin(process->socket);
	*ret = TAKE_PTR(process);
	return 0;
}
