/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/job.h"

#include <stdarg.h>
#include <string.h>

#include "api/api.h"
#include "base/log.h"

DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);

Job *job_free(Job *job)
{
	if (job) {
		(void)sd_bus_slot_unref(job->question);
		(void)sd_bus_track_unref(job->sender);
		(void)job_process_free(job->process);
		request_clear(&job->request);
		(void)sd_bus_message_unref(job->call);
		free(job);
	}
	return NULL;
}

static void tell(Job *job, JobNews news)
{
	job->owner->hear(job->owner->userdata, job, news);
}

/* That nobody hears an answer is no failure of ours. */
static void end_with_error(Job *job, const char *name, const char *sentence)
{
	int r = sd_bus_reply_method_errorf(job->call, name, "%s", sentence);

	if (r < 0)
		log_info("%s was not answered: %s", job->request.operation->name, strerror(-r));
	tell(job, JOB_ENDED);
}

/* A job that has begun goes on: who asked for it can see later what became of it. */
static int on_sender_gone(sd_bus_track *track, void *userdata)
{
	Job *job = userdata;

	(void)track;
	if (!job->process)
		tell(job, JOB_ENDED);
	return 0;
}

static int track_sender(Job *job, Error *error)
{
	int r = sd_bus_track_new(sd_bus_message_get_bus(job->call), &job->sender, on_sender_gone, job);

	if (r >= 0)
		r = sd_bus_track_add_sender(job->sender, job->call);
	return r < 0 ? error_os(error, -r, "cannot watch who calls") : 0;
}

int job_new(
	sd_bus_message *call, const AuthorityCaller *caller, const JobOwner *owner, Job **ret, Error *error)
{
	CLEANUP(job_free) Job *job = calloc(1, sizeof(*job));

	if (!job)
		return error_memory(error);
	job->owner = owner;
	job->client = caller->client;
	job->call = sd_bus_message_ref(call);
	if (request_read(call, &job->request, error) < 0 || track_sender(job, error) < 0)
		return -1;
	job->entry = (QueueEntry){.uid = caller->uid, .changes = job->request.operation->changes};
	*ret = TAKE_PTR(job);
	return 0;
}

static void become_ready(Job *job)
{
	job->entry.ready = true;
	tell(job, JOB_READY);
}

static void on_verdict(void *userdata, AuthorityVerdict verdict)
{
	Job *job = userdata;
	Error error = ERROR_INIT;

	if (verdict == AUTHORITY_YES) {
		become_ready(job);
		return;
	}
	(void)error_set(&error,
		verdict == AUTHORITY_ABSENT
			? "without polkit only root may do this: run it as root"
			: "you are not allowed to do this (polkit's action %s): run it as root",
		job->request.action);
	end_with_error(job,
		verdict == AUTHORITY_CHALLENGE ? SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED
					       : SD_BUS_ERROR_ACCESS_DENIED,
		error.text);
}

void job_authorize(Job *job)
{
	Error error = ERROR_INIT;

	if (job->entry.uid == 0 || !job->request.action)
		become_ready(job);
	else if (authority_ask(job->call, job->request.action, on_verdict, job, &job->question, &error) < 0)
		end_with_error(job, API_ERROR_FAILED, error.text);
}

/* To the caller alone; the signal's first argument is the serial number of the call. */
static void send_signal(const Job *job, const char *name, const char *types, ...)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *signal = NULL;
	sd_bus *bus = sd_bus_message_get_bus(job->call);
	uint64_t cookie = 0;
	va_list arguments;
	int r = sd_bus_message_new_signal(bus, &signal, API_OBJECT, API_INTERFACE, name);

	if (r >= 0)
		r = sd_bus_message_get_cookie(job->call, &cookie);
	if (r >= 0)
		r = sd_bus_message_append(signal, "u", (uint32_t)cookie);
	va_start(arguments, types);
	if (r >= 0)
		r = sd_bus_message_appendv(signal, types, arguments);
	va_end(arguments);
	if (r >= 0)
		(void)sd_bus_send_to(bus, signal, sd_bus_message_get_sender(job->call), NULL);
}

static void pass_on(const Job *job, const Record *record)
{
	if (record->type == RECORD_PROGRESS)
		send_signal(job, "Progress", "stt", record->text, record->a, record->b);
	else if (record->type == RECORD_ENDED)
		send_signal(job, "StageEnded", "s", record->text);
	else
		send_signal(job, "Warning", "s", record->text);
}

static int reply(const Job *job, const Record *outcome)
{
	const ApiMethod *method = api_method_find(job->request.operation->name);

	if (strcmp(method->gives, API_PLAN) == 0)
		return sd_bus_reply_method_return(job->call, API_PLAN, outcome->text, (int)outcome->a);
	return sd_bus_reply_method_return(job->call, API_REPORT, outcome->text);
}

static void on_record(void *userdata, const Record *record, const Record *outcome, bool crashed)
{
	Job *job = userdata;
	int r;

	if (record) {
		pass_on(job, record);
		return;
	}
	if (outcome->type == RECORD_FAILED) {
		end_with_error(job, crashed ? API_ERROR_CRASHED : API_ERROR_FAILED, outcome->text);
		return;
	}
	r = reply(job, outcome);
	if (r < 0)
		log_warning("the report of %s was not sent: %s", job->request.operation->name, strerror(-r));
	tell(job, JOB_ENDED);
}

/* That he has left may be known to the bus already, and here not yet. */
static bool is_sender_there(const Job *job)
{
	return sd_bus_get_name_creds(
		       sd_bus_message_get_bus(job->call), sd_bus_message_get_sender(job->call), 0, NULL) >= 0;
}

void job_start(Job *job)
{
	const Request *request = &job->request;
	const ChildWork work = {request->operation, job->owner->place,
		{{request->names, request->n_names}, request->reason, request->dry_run, request->unattended},
		job->entry.uid, job->client};
	Error error = ERROR_INIT;

	if (!is_sender_there(job))
		tell(job, JOB_ENDED);
	else if (job_process_start(&work, job->owner->event, on_record, job, &job->process, &error) < 0)
		end_with_error(job, API_ERROR_FAILED, error.text);
	else
		job->entry.running = true;
}

void job_stop(Job *job)
{
	if (job->process)
		job_process_kill(job->process);
	else
		end_with_error(job, API_ERROR_STOPPING, "sutured stops, and had not begun this: try again");
}
