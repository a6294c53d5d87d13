/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/service.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>

#include "api/api.h"
#include "base/log.h"
#include "base/version.h"
#include "programs/daemon/job.h"

struct Service {
	sd_event *event;
	sd_event_source *mounts; /* of the place */
	sd_bus *bus;
	const Place *place;
	JobOwner owner;
	Queue queue;
	uint64_t generation; /* that /usr showed at the start */
	bool mounted;        /* something was, since /usr was looked at last */
	bool busy;           /* as it was told last */
	bool leaving;        /* the name is being given back: what still comes is answered, then it ends */
	bool released;       /* it was given back */
	bool stopping;       /* told to: nothing begins any more */
};

static void schedule(Service *service)
{
	QueueEntry *entry;
	bool busy;

	while ((entry = queue_next(&service->queue)))
		job_start((Job *)entry);
	busy = queue_is_busy(&service->queue);
	if (busy == service->busy)
		return;
	service->busy = busy;
	(void)sd_bus_emit_properties_changed(service->bus, API_OBJECT, API_INTERFACE, "Busy", NULL);
}

static void admit(Service *service, Job *job)
{
	if (!queue_has_room(&service->queue, job->entry.uid)) {
		job_refuse(job);
		return;
	}
	job->entry.known = true;
	job_authorize(job);
}

static void remove_job(Service *service, Job *job)
{
	const Operation *operation = job->request.operation;
	bool changed = job->entry.running && (operation->changes || operation->alters);

	queue_remove(&service->queue, &job->entry);
	(void)job_free(job);
	if (changed)
		(void)sd_bus_emit_signal(service->bus, API_OBJECT, API_INTERFACE, "Changed", NULL);
}

static void on_job(void *userdata, Job *job, JobNews news)
{
	Service *service = userdata;

	if (news == JOB_KNOWN) {
		admit(service, job);
		return;
	}
	if (news == JOB_ENDED)
		remove_job(service, job);
	schedule(service);
}

static int on_call(sd_bus_message *call, void *userdata, sd_bus_error *ret)
{
	Service *service = userdata;
	Error error = ERROR_INIT;
	Job *job = NULL;
	QueueEntry *surplus;

	if (service->stopping)
		return sd_bus_error_set(ret, API_ERROR_STOPPING, "sutured is being stopped; try again");
	if (job_new(call, &service->owner, &job, &error) < 0)
		return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, error.text);
	queue_add(&service->queue, &job->entry);
	surplus = queue_surplus(&service->queue, &job->entry);
	if (surplus != &job->entry)
		job_identify(job);
	if (surplus)
		job_refuse((Job *)surplus);
	return 1;
}

/* What waits of a connection. */
static Job *find_waiting(const Service *service, const char *sender)
{
	for (QueueEntry *entry = service->queue.first; entry; entry = entry->next)
		if (!entry->running && strcmp(entry->sender, sender) == 0)
			return (Job *)entry;
	return NULL;
}

/* A job that has begun goes on: who asked for it can see later what became of it. */
static int on_sender_gone(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
	Service *service = userdata;
	const char *name;
	Job *job;

	(void)unused;
	if (sd_bus_message_read(signal, "s", &name) < 0)
		return 0;
	while ((job = find_waiting(service, name)))
		on_job(service, job, JOB_ENDED);
	return 0;
}

static int get_busy(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *ret)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)ret;
	return sd_bus_message_append(reply, "b", queue_is_busy(&((Service *)userdata)->queue));
}

static int get_generation(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *ret)
{
	const Service *service = userdata;
	Error error = ERROR_INIT;
	uint64_t generation;

	(void)bus, (void)path, (void)interface, (void)property;
	if (place_generation(service->place, &generation, &error) < 0)
		return sd_bus_error_set(ret, API_ERROR_FAILED, error.text);
	return sd_bus_message_append(reply, "t", generation);
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *ret)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)ret;
	return sd_bus_message_append(reply, "s", SUTURE_VERSION);
}

/* Who may do what is decided here, not by the bus: each method is open to all. */
#define METHOD(name, takes, takes_names, gives, gives_names) \
	SD_BUS_METHOD_WITH_NAMES( \
		name, takes, takes_names, gives, gives_names, on_call, SD_BUS_VTABLE_UNPRIVILEGED)
#define PLAN_NAMES SD_BUS_PARAM(report) SD_BUS_PARAM(nothing)

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	METHOD("Check", API_NAMES, SD_BUS_PARAM(components), API_PLAN, PLAN_NAMES),
	METHOD("Install", API_NAMES, SD_BUS_PARAM(components), API_PLAN, PLAN_NAMES),
	METHOD("InstallUnattended", API_NOTHING_TAKEN, , API_REPORT, SD_BUS_PARAM(report)),
	METHOD("Remove", API_NAMES_AND_DRY_RUN, SD_BUS_PARAM(components) SD_BUS_PARAM(dry_run), API_PLAN,
		PLAN_NAMES),
	METHOD("Repair", API_NOTHING_TAKEN, , API_PLAN, PLAN_NAMES),
	METHOD("Restart", API_NAMES_AND_DRY_RUN, SD_BUS_PARAM(units) SD_BUS_PARAM(dry_run), API_REPORT,
		SD_BUS_PARAM(report)),
	METHOD("Revert", API_NAMES_REASON_AND_UNATTENDED,
		SD_BUS_PARAM(components) SD_BUS_PARAM(reason) SD_BUS_PARAM(unattended), API_REPORT,
		SD_BUS_PARAM(report)),
	METHOD("Status", API_NOTHING_TAKEN, , API_REPORT, SD_BUS_PARAM(report)),
	METHOD("Exposed", API_NOTHING_TAKEN, , API_REPORT, SD_BUS_PARAM(report)),
	METHOD("History", API_NOTHING_TAKEN, , API_REPORT, SD_BUS_PARAM(report)),
	METHOD("Settings", API_WORD, SD_BUS_PARAM(key), API_REPORT, SD_BUS_PARAM(report)),
	METHOD("SetSetting", API_KEY_AND_VALUE, SD_BUS_PARAM(key) SD_BUS_PARAM(value), API_REPORT,
		SD_BUS_PARAM(report)),
	METHOD("Show", API_WORD, SD_BUS_PARAM(what), API_REPORT, SD_BUS_PARAM(report)),
	METHOD("Receipt", API_WORD, SD_BUS_PARAM(what), API_REPORT, SD_BUS_PARAM(report)),
	METHOD("Metrics", API_NOTHING_TAKEN, , API_REPORT, SD_BUS_PARAM(text)),
	METHOD("Vex", API_WORD, SD_BUS_PARAM(author), API_PLAN, SD_BUS_PARAM(document) SD_BUS_PARAM(nothing)),
	SD_BUS_SIGNAL_WITH_NAMES("Progress", "ustt",
		SD_BUS_PARAM(call) SD_BUS_PARAM(stage) SD_BUS_PARAM(done) SD_BUS_PARAM(total), 0),
	SD_BUS_SIGNAL_WITH_NAMES("StageEnded", "us", SD_BUS_PARAM(call) SD_BUS_PARAM(result), 0),
	SD_BUS_SIGNAL_WITH_NAMES("Warning", "us", SD_BUS_PARAM(call) SD_BUS_PARAM(text), 0),
	SD_BUS_SIGNAL("Changed", "", 0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Busy", "b", get_busy, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	/* Boots, package managers and others change it without sutured. */
	SD_BUS_PROPERTY("Generation", "t", get_generation, 0, 0),
	SD_BUS_VTABLE_END,
};

static int on_released(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	(void)reply, (void)unused;
	((Service *)userdata)->released = true;
	return 0;
}

/* Whoever is told that sutured stops starts another one when the next call comes; the bus answers when it has
 * passed on all that came for this one. */
static int leave(Service *service)
{
	int r;

	if (service->leaving)
		return 0;
	service->leaving = true;
	(void)sd_notify(0, "STOPPING=1");
	r = sd_bus_release_name_async(service->bus, NULL, API_SERVICE, on_released, service);
	return r < 0 ? r : 0;
}

/* What has not begun: all, or that whose caller is being asked whether he is who may. */
static Job *find_stoppable(const Service *service, bool all)
{
	for (QueueEntry *entry = service->queue.first; entry; entry = entry->next)
		if (!entry->running && (all || (entry->known && !entry->ready)))
			return (Job *)entry;
	return NULL;
}

/* Each that ends may end others, so that they are looked for anew. */
static void stop_waiting(Service *service, bool all)
{
	Job *job;

	while ((job = find_stoppable(service, all)))
		job_stop(job);
}

static void stop(Service *service)
{
	service->stopping = true;
	stop_waiting(service, true);
	for (QueueEntry *entry = service->queue.first; entry; entry = entry->next)
		job_stop((Job *)entry);
}

static int on_mounts(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)source, (void)fd, (void)events;
	((Service *)userdata)->mounted = true;
	return 0;
}

/* Heard before what a process says that has ended, so that what it has swapped is known by then. */
static int watch_mounts(Service *service, Error *error)
{
	CLEANUP_CLOSE int mounts = -1;
	int r;

	if (place_open_mounts(service->place, &mounts, error) < 0)
		return -1;
	r = sd_event_add_io(service->event, &service->mounts, mounts, EPOLLPRI, on_mounts, service);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(service->mounts, true);
	if (r >= 0)
		mounts = -1;
	if (r >= 0)
		r = sd_event_source_set_priority(service->mounts, SD_EVENT_PRIORITY_IMPORTANT);
	return r < 0 ? error_os(error, -r, "cannot watch what is mounted") : 0;
}

/* What half done operations leave behind is dealt with as after any cut. */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	Service *service = userdata;

	(void)source, (void)info;
	stop(service);
	return leave(service);
}

/* Whoever leaves the bus: told behind all that he has sent. */
static const char departures[] = "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
				 "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''";

static int set_up(Service *service)
{
	int r = sd_bus_open_system(&service->bus);

	if (r >= 0)
		r = sd_bus_attach_event(service->bus, service->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(service->bus, true);
	if (r >= 0)
		r = sd_bus_add_object_vtable(service->bus, NULL, API_OBJECT, API_INTERFACE, vtable, service);
	if (r >= 0)
		r = sd_bus_add_match_async(service->bus, NULL, departures, on_sender_gone, NULL, service);
	if (r >= 0)
		r = sd_event_add_signal(service->event, NULL, SIGTERM, on_signal, service);
	if (r >= 0)
		r = sd_event_add_signal(service->event, NULL, SIGINT, on_signal, service);
	return r;
}

int service_new(sd_event *event, const Place *place, Service **ret, Error *error)
{
	CLEANUP(service_free) Service *service = calloc(1, sizeof(*service));
	int r;

	if (!service)
		return error_memory(error);
	*service = (Service){.event = sd_event_ref(event), .place = place};
	service->owner = (JobOwner){event, place, on_job, service};
	/* Whatever is mounted from here on is told of. */
	if (watch_mounts(service, error) < 0 || place_generation(place, &service->generation, error) < 0)
		return -1;
	r = set_up(service);
	if (r < 0)
		return error_os(error, -r, "cannot get onto the system message bus");
	r = sd_bus_request_name(service->bus, API_SERVICE, 0);
	if (r == -EEXIST)
		return error_set(error, "sutured runs already");
	if (r < 0)
		return error_os(error, -r, "cannot take the name %s on the system message bus", API_SERVICE);
	*ret = TAKE_PTR(service);
	return 0;
}

Service *service_free(Service *service)
{
	if (service) {
		while (service->queue.first) {
			Job *job = (Job *)service->queue.first;

			queue_remove(&service->queue, &job->entry);
			(void)job_free(job);
		}
		(void)sd_bus_flush_close_unref(service->bus);
		(void)sd_event_source_disable_unref(service->mounts);
		(void)sd_event_unref(service->event);
		free(service);
	}
	return NULL;
}

/* After a swap, whoever made it, this process may use replaced bytes itself. */
static bool is_outdated(Service *service)
{
	uint64_t now;

	if (!service->mounted || queue_is_busy(&service->queue) ||
		place_generation(service->place, &now, NULL) < 0)
		return false;
	service->mounted = false;
	return now != service->generation;
}

/* Nobody is to keep it by looking without end. */
static int leave_when_outdated(Service *service)
{
	return !service->leaving && is_outdated(service) ? leave(service) : 0;
}

int service_run(Service *service, uint64_t idle_ms, Error *error)
{
	while (!(service->released && !service->queue.first)) {
		int r = leave_when_outdated(service);
		bool idle = !service->queue.first && !service->leaving;

		if (r >= 0)
			r = sd_event_run(service->event, idle ? idle_ms * 1000 : UINT64_MAX);
		if (r == 0 && idle)
			r = leave(service);
		/* Nor by not answering when he is asked for a password, also when he called only now. */
		if (r >= 0 && service->leaving)
			stop_waiting(service, false);
		if (r < 0)
			return r == -ESTALE ? error_set(error, "lost the system message bus")
					    : error_os(error, -r, "cannot serve any more");
	}
	return 0;
}
