/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-restart.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "parts/units/unit-order.h"
#include "parts/units/unit-property.h"

enum { RESULT_SIZE = 32, PAUSE_MS = 50 };

/* One job of the manager's. */
typedef struct Job {
	UnitRestart *restart;
	bool is_queued;           /* asked for, and not refused since */
	char *path;               /* once the answer has named it */
	char *ended;              /* the job of this unit that ended last */
	char result[RESULT_SIZE]; /* of that one */
	UnitFacts facts;          /* as they were before */
	const struct Job *along;  /* the job with which this unit restarts, so that it has none of its own */
	bool has_company;         /* it is such a job */
} Job;

typedef struct Batch {
	Job *jobs;
	size_t n;
	size_t *order; /* in which the jobs are queued */
} Batch;

static void batch_clear_cleanup(Batch *batch)
{
	for (size_t i = 0; batch->jobs && i < batch->n; i++) {
		free(batch->jobs[i].path);
		free(batch->jobs[i].ended);
	}
	free(batch->jobs);
	free(batch->order);
}

/* What was cut within a character would be no text: no report carries it. */
__attribute__((format(printf, 2, 3))) static void refuse(UnitRestart *restart, const char *why, ...)
{
	va_list arguments;

	va_start(arguments, why);
	(void)vsnprintf(restart->error, sizeof(restart->error), why, arguments);
	va_end(arguments);
	text_make_printable(restart->error);
}

static bool has_ended(const Job *job)
{
	return job->path && job->ended && strcmp(job->path, job->ended) == 0;
}

static bool is_waited_for(const Batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		if (batch->jobs[i].is_queued && !has_ended(&batch->jobs[i]))
			return true;
	return false;
}

/* The end may be heard of before the answer that names the job. */
static int on_job_removed(sd_bus_message *message, void *context, sd_bus_error *unused)
{
	Batch *batch = context;
	const char *path, *unit, *result;
	uint32_t id;

	(void)unused;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	for (size_t i = 0; i < batch->n; i++) {
		Job *job = &batch->jobs[i];

		if (strcmp(job->restart->unit, unit) != 0 || has_ended(job))
			continue;
		free(job->ended);
		job->ended = strdup(path);
		(void)snprintf(job->result, sizeof(job->result), "%s", *result ? result : "?");
	}
	return 0;
}

static int on_queued(sd_bus_message *message, void *context, sd_bus_error *unused)
{
	Job *job = context;
	const sd_bus_error *failure = sd_bus_message_get_error(message);
	const char *path;
	int r = failure ? -sd_bus_message_get_errno(message) : sd_bus_message_read(message, "o", &path);

	(void)unused;
	if (r >= 0)
		job->path = strdup(path);
	if (!job->path) {
		refuse(job->restart, "%s",
			failure ? manager_failure(failure, r) : "the service manager's answer is not clear");
		job->is_queued = false;
	}
	return 0;
}

/* The manager sends its signals only when somebody has asked for them; who does so must listen first. */
static int subscribe(Manager *manager, Batch *batch, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	int r = sd_bus_match_signal(manager->bus, NULL, manager->sender, MANAGER_OBJECT, MANAGER_INTERFACE,
		"JobRemoved", on_job_removed, batch);

	if (r < 0)
		return error_os(error, -r, "cannot listen to the service manager");
	r = sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE, "Subscribe",
		&failure, NULL, NULL);
	return r < 0 ? error_set(error, "cannot listen to the service manager: %s",
			       manager_failure(&failure, r))
		     : 0;
}

static int reset_limit(Manager *manager, const char *unit, UnitRestart *restart)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
		"ResetFailedUnit", &failure, NULL, "s", unit);

	if (r < 0)
		refuse(restart, "the start limit of %s may be near: %s", unit, manager_failure(&failure, r));
	return r < 0 ? -1 : 0;
}

/* A restart would take the place of what somebody else has asked for: of the unit, and of what restarts
 * along. Says so in the entry. */
static int look_for_stops(Manager *manager, const UnitFacts *facts, UnitRestart *restart, Error *error)
{
	char type[UNIT_WORD_SIZE];

	if (unit_job(manager, facts->name, type, error) < 0)
		return -1;
	if (strcmp(type, "stop") == 0)
		refuse(restart, "it is being stopped");
	for (uint32_t i = 0; i < facts->n_along && restart->error[0] == '\0'; i++) {
		if (unit_job(manager, facts->along[i].name, type, error) < 0)
			return -1;
		if (strcmp(type, "stop") == 0)
			refuse(restart, "%s would restart along, and is being stopped", facts->along[i].name);
	}
	return 0;
}

/* Looks at the unit as it is now: is a restart to be queued? */
static int prepare(Manager *manager, Job *job, Error *error)
{
	UnitRestart *restart = job->restart;
	UnitFacts *facts = &job->facts;

	if (!manager_is_unit_name(restart->unit))
		return error_set(error, "\"%s\" is not the name of a unit", restart->unit);
	memcpy(facts->name, restart->unit, sizeof(facts->name));
	if (unit_facts_read(manager, facts, error) < 0)
		return -1;
	restart->done = !facts->is_active;
	if (!facts->is_active)
		return 0;
	if (look_for_stops(manager, facts, restart, error) < 0)
		return -1;
	if (restart->error[0] || (facts->is_limited && reset_limit(manager, facts->name, restart) < 0))
		return 0;
	for (uint32_t i = 0; i < facts->n_along; i++)
		if (facts->along[i].is_limited && reset_limit(manager, facts->along[i].name, restart) < 0)
			return 0;
	job->is_queued = true;
	return 0;
}

static int put_in_order(Manager *manager, Batch *batch, Error *error)
{
	CLEANUP_FREE const UnitFacts **units = calloc(batch->n + 1, sizeof(*units));

	if (!units)
		return error_memory(error);
	for (size_t i = 0; i < batch->n; i++)
		units[i] = &batch->jobs[i].facts;
	return unit_order(manager, units, batch->n, batch->order, error);
}

/* Asked for on its own, it could restart twice: the job that takes it along may be done by then. */
static void take_along(const Batch *batch, Job *job)
{
	for (size_t i = 0; i < batch->n && job->is_queued && !job->has_company; i++) {
		Job *other = &batch->jobs[batch->order[i]];

		if (other == job || !other->is_queued ||
			!unit_facts_has_along(&other->facts, job->facts.name))
			continue;
		other->has_company = true;
		job->along = other;
		job->is_queued = false;
	}
}

/* None waits for the answer to another, so most are there before the first begins. */
static int queue_all(Manager *manager, Batch *batch, Error *error)
{
	for (size_t i = 0; i < batch->n; i++) {
		Job *job = &batch->jobs[batch->order[i]];
		int r;

		if (!job->is_queued)
			continue;
		r = sd_bus_call_method_async(manager->bus, NULL, MANAGER_SERVICE, MANAGER_OBJECT,
			MANAGER_INTERFACE, "TryRestartUnit", on_queued, job, "ss", job->restart->unit,
			"replace");
		if (r < 0)
			return error_os(error, -r, "cannot ask for a restart of %s", job->restart->unit);
	}
	return 0;
}

/* Runs out of time: what has not ended yet is told in its entries. */
static int wait_for_all(Manager *manager, Batch *batch, int64_t deadline_ms, Error *error)
{
	while (is_waited_for(batch)) {
		int64_t left_ms = deadline_ms - clock_monotonic_ms();
		int r = left_ms > 0 ? sd_bus_process(manager->bus, NULL) : 0;

		if (left_ms <= 0)
			return 0;
		if (r == 0)
			r = sd_bus_wait(manager->bus, (uint64_t)left_ms * 1000);
		if (r < 0 && r != -EINTR)
			return error_os(error, -r, "lost the connection to the service manager");
	}
	return 0;
}

/* Their jobs are the manager's own, and none has told us their names. */
static int wait_for_along(Manager *manager, const Job *job, int64_t deadline_ms, Error *error)
{
	char type[UNIT_WORD_SIZE];

	for (uint32_t i = 0; job->is_queued && i < job->facts.n_along; i++)
		for (;;) {
			if (unit_job(manager, job->facts.along[i].name, type, error) < 0)
				return -1;
			if (type[0] == '\0' || clock_monotonic_ms() >= deadline_ms)
				break;
			(void)poll(NULL, 0, PAUSE_MS);
		}
	return 0;
}

/* Says in the entry why not. */
static bool has_restarted(const Job *job)
{
	UnitRestart *restart = job->restart;

	if (!job->is_queued)
		return false;
	if (!has_ended(job))
		refuse(restart, "it has not restarted in time; systemctl status says how far it is");
	else if (strcmp(job->result, "done") != 0)
		refuse(restart, "its restart ended with \"%s\"; systemctl status says why", job->result);
	else
		return true;
	return false;
}

static int judge(Manager *manager, const Job *job, Error *error)
{
	UnitRestart *restart = job->restart;
	UnitFacts facts = {.is_loaded = false};

	if (!has_restarted(job->along ? job->along : job)) {
		if (job->along)
			refuse(restart, "it restarts along with %s, which has not restarted",
				job->along->facts.name);
		return 0;
	}
	memcpy(facts.name, restart->unit, sizeof(facts.name));
	if (unit_facts_read(manager, &facts, error) < 0)
		return -1;
	restart->done = !facts.has_failed;
	if (facts.has_failed)
		refuse(restart, "it has failed since; systemctl status says why");
	return 0;
}

/* Looks at all, and decides which are queued, in which order. */
static int prepare_all(Manager *manager, Batch *batch, UnitRestart *restarts, Error *error)
{
	batch->jobs = calloc(batch->n + 1, sizeof(*batch->jobs));
	batch->order = calloc(batch->n + 1, sizeof(*batch->order));
	if (!batch->jobs || !batch->order)
		return error_memory(error);
	for (size_t i = 0; i < batch->n; i++) {
		batch->jobs[i].restart = &restarts[i];
		restarts[i].done = false;
		restarts[i].error[0] = '\0';
		if (prepare(manager, &batch->jobs[i], error) < 0)
			return -1;
	}
	if (put_in_order(manager, batch, error) < 0)
		return -1;
	for (size_t i = 0; i < batch->n; i++)
		take_along(batch, &batch->jobs[batch->order[i]]);
	return 0;
}

int units_restart(Manager *manager, UnitRestart *restarts, size_t n, int seconds, Error *error)
{
	__attribute__((cleanup(batch_clear_cleanup))) Batch batch = {.n = n};
	int64_t deadline_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;

	if (prepare_all(manager, &batch, restarts, error) < 0 || subscribe(manager, &batch, error) < 0 ||
		queue_all(manager, &batch, error) < 0 ||
		wait_for_all(manager, &batch, deadline_ms, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (wait_for_along(manager, &batch.jobs[i], deadline_ms, error) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (judge(manager, &batch.jobs[i], error) < 0)
			return -1;
	return 0;
}
