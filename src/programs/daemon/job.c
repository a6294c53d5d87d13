/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/job.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "programs/daemon/authority.h"
#include "programs/daemon/caller.h"

DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);

Job *job_free(Job *job)
{
	if (job) {
		(void)sd_bus_slot_unref(job->question);
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

int job_new(sd_bus_message *call, const JobOwner *owner, Job **ret, Error *error)
{
	CLEANUP(job_free) Job *job = calloc(1, sizeof(*job));

	if (!job)
		return error_memory(error);
	job->owner = owner;
	job->call = sd_bus_message_ref(call);
	if (request_read(call, &job->request, error) < 0)
		return -1;
	job->entry = (QueueEntry){
		.sender = sd_bus_message_get_sender(call), .changes = job->request.operation->changes};
	*ret = TAKE_PTR(job);
	return 0;
}

static int on_caller(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	Job *job = userdata;
	Error error = ERROR_INIT;
	Caller caller;
	int r = caller_read(reply, &caller, &error);

	(void)unused;
	job->question = sd_bus_slot_unref(job->question);
	if (r < 0) {
		end_with_error(job, API_ERROR_FAILED, error.text);
	} else if (r == CALLER_GONE) {
		tell(job, JOB_ENDED);
	} else {
		job->entry.uid = caller.uid;
		job->client = caller.client;
		tell(job, JOB_KNOWN);
	}
	return 0;
}

void job_identify(Job *job)
{
	Error error = ERROR_INIT;

	if (caller_ask(job->call, on_caller, job, &job->question, &error) < 0)
		end_with_error(job, API_ERROR_FAILED, error.text);
}

void job_refuse(Job *job)
{
	end_with_error(
		job, API_ERROR_BUSY, "too many calls are waiting already; try again when some are done");
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

void job_start(Job *job)
{
	const Request *request = &job->request;
	const ChildWork work = {request->operation, job->owner->place,
		{{request->names, request->n_names}, request->reason, request->dry_run, request->unattended},
		job->entry.uid, job->client, getpid()};
	Error error = ERROR_INIT;

	if (job_process_start(&work, job->owner->event, on_record, job, &job->process, &error) < 0)
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
