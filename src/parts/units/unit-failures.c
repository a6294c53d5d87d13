/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-failures.h"

#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static const char UNIT_SERVICE[] = "org.freedesktop.systemd1.Service";
static const char UNIT_PATHS[] = "/org/freedesktop/systemd1/unit";
/* Of each change systemd tells in two messages, one behind the other: what is the service's, then what is
 * each unit's (bus_unit_send_change_signal() there). */
#define MATCH(interface) \
	"type='signal',path_namespace='/org/freedesktop/systemd1/unit'," \
	"interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'," \
	"arg0='org.freedesktop.systemd1." interface "'"
#define FROM_MANAGER ",sender='" MANAGER_SERVICE "'"

enum { MESSAGES_MAX = 64, PATH_SIZE = 1024 };

/* What a message says of a service, or of a unit; what it leaves out is zero. */
typedef struct Change {
	const char *result; /* within the message */
	uint32_t main_pid;
	int32_t main_code, main_status;
	uint64_t main_began, main_ended;
	uint64_t ceased,
		changed; /* of a unit: when it last ceased to be active, and when its state changed */
} Change;

/* A service that has failed, while it is found out who is to blame. */
typedef struct Inquiry {
	char path[PATH_SIZE]; /* "": nothing is asked */
	bool is_main;         /* its main process has done by itself what the result says */
	Change change;        /* without the result */
	uint64_t ceased;      /* when it last ceased to be active; 0: that does not matter */
	uint64_t changed;     /* when its state last changed; 0: that does not matter */
	UnitFailure failure;
} Inquiry;

struct UnitFailures {
	Manager *manager;
	UnitFailureVisitor visitor;
	void *userdata;
	Inquiry open; /* the rest comes with the next message */
};

static bool is_crash(int number)
{
	static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};

	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		if (crashes[i] == number)
			return true;
	return false;
}

int unit_failure_judge(const char *result, int code, int status)
{
	if (strcmp(result, "exit-code") == 0 || strcmp(result, "protocol") == 0)
		return UNIT_EXITED;
	if (strcmp(result, "timeout") == 0 || strcmp(result, "watchdog") == 0)
		return UNIT_HUNG;
	if (strcmp(result, "core-dump") == 0 || strcmp(result, "signal") == 0)
		return (code == CLD_KILLED || code == CLD_DUMPED) && !is_crash(status) ? -1 : UNIT_CRASHED;
	return -1;
}

bool unit_failure_is_stop(uint64_t ceased, uint64_t began, uint64_t ended)
{
	return began > 0 && began <= ceased && (ended == 0 || ceased < ended);
}

static int read_value(sd_bus_message *message, const char *name, Change *change)
{
	if (strcmp(name, "Result") == 0)
		return sd_bus_message_read(message, "v", "s", &change->result);
	if (strcmp(name, "ExecMainPID") == 0)
		return sd_bus_message_read(message, "v", "u", &change->main_pid);
	if (strcmp(name, "ExecMainCode") == 0)
		return sd_bus_message_read(message, "v", "i", &change->main_code);
	if (strcmp(name, "ExecMainStatus") == 0)
		return sd_bus_message_read(message, "v", "i", &change->main_status);
	if (strcmp(name, "ExecMainStartTimestampMonotonic") == 0)
		return sd_bus_message_read(message, "v", "t", &change->main_began);
	if (strcmp(name, "ExecMainExitTimestampMonotonic") == 0)
		return sd_bus_message_read(message, "v", "t", &change->main_ended);
	if (strcmp(name, "ActiveExitTimestampMonotonic") == 0)
		return sd_bus_message_read(message, "v", "t", &change->ceased);
	if (strcmp(name, "StateChangeTimestampMonotonic") == 0)
		return sd_bus_message_read(message, "v", "t", &change->changed);
	return sd_bus_message_skip(message, "v");
}

static int read_change(sd_bus_message *message, Change *change)
{
	int r = sd_bus_message_skip(message, "s");

	if (r >= 0)
		r = sd_bus_message_enter_container(message, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		const char *name;

		r = sd_bus_message_read(message, "s", &name);
		if (r >= 0)
			r = read_value(message, name, change);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
	}
	return r;
}

static void add_pid(Inquiry *inquiry, uint32_t pid, uint64_t began, uint64_t ended)
{
	UnitFailure *failure = &inquiry->failure;

	if (unit_failure_is_stop(inquiry->ceased, began, ended))
		return;
	for (size_t i = 0; i < failure->n_pids; i++)
		if (failure->pids[i] == (pid_t)pid)
			return;
	if (pid > 0 && failure->n_pids < UNIT_FAILURE_PIDS_MAX)
		failure->pids[failure->n_pids++] = (pid_t)pid;
}

/* One command of a service, as systemd has run it: path, arguments, "-" before it, times (of its beginning
 * and its end, by the clock and monotonic), and how it ended. */
static int read_command(sd_bus_message *reply, Inquiry *inquiry)
{
	uint64_t times[4];
	uint32_t pid;
	int32_t code, status;
	int r = sd_bus_message_skip(reply, "sasb");

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(times); i++)
		r = sd_bus_message_read(reply, "t", &times[i]);
	if (r >= 0)
		r = sd_bus_message_read(reply, "uii", &pid, &code, &status);
	if (r < 0)
		return r;
	/* Asked late, it may tell of what the service has done since. */
	if (inquiry->changed > 0 && times[3] > inquiry->changed)
		return r;
	if (code != 0 && (code != CLD_EXITED || status != 0))
		add_pid(inquiry, pid, times[1], times[3]);
	return r;
}

/* The commands before and behind the main one are told only when they are asked for. */
static void ask_for_commands(sd_bus *bus, Inquiry *inquiry, const char *property)
{
	CLEANUP_BUS_ERROR sd_bus_error ignored = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	int r = sd_bus_get_property(bus, MANAGER_SERVICE, inquiry->path, UNIT_SERVICE, property, &ignored,
		&reply, "a(sasbttttuii)");

	if (r >= 0)
		r = sd_bus_message_enter_container(reply, 'a', "(sasbttttuii)");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "sasbttttuii")) > 0) {
		r = read_command(reply, inquiry);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
}

/* Then nothing else needs to be asked: services that fail again and again are told of more than once each
 * time. */
static bool is_main_to_blame(const Change *change)
{
	if (change->main_pid == 0)
		return false;
	if (strcmp(change->result, "exit-code") == 0)
		return change->main_code == CLD_EXITED && change->main_status != 0;
	return (change->main_code == CLD_KILLED || change->main_code == CLD_DUMPED) &&
	       is_crash(change->main_status);
}

static void close_inquiry(UnitFailures *failures)
{
	static const char *const commands[] = {"ExecStartPre", "ExecStart", "ExecStartPost"};
	Inquiry *inquiry = &failures->open;
	const Change *change = &inquiry->change;

	add_pid(inquiry, change->main_pid, change->main_began, change->main_ended);
	for (size_t i = 0; i < ARRAY_SIZE(commands) && !(inquiry->is_main && inquiry->failure.n_pids > 0);
		i++)
		ask_for_commands(failures->manager->bus, inquiry, commands[i]);
	if (inquiry->failure.n_pids > 0)
		failures->visitor(failures->userdata, &inquiry->failure);
	inquiry->path[0] = '\0';
}

/* A crash is one whenever it happens, and so is a missed watchdog, which stops the service; what a stop makes
 * of a process otherwise, or how long that takes, says nothing. */
static bool depends_on_stop(const Inquiry *inquiry, const char *result)
{
	return inquiry->failure.result != UNIT_CRASHED && strcmp(result, "watchdog") != 0;
}

static int on_service(sd_bus_message *message, void *context, sd_bus_error *unused)
{
	UnitFailures *failures = context;
	const char *path = sd_bus_message_get_path(message);
	CLEANUP_FREE char *unit = NULL;
	Change change = {.result = NULL};
	Inquiry inquiry = {.ceased = 0};
	int r;

	(void)unused;
	if (!path || read_change(message, &change) < 0 || !change.result)
		return 0;
	r = unit_failure_judge(change.result, change.main_code, change.main_status);
	if (r < 0 || sd_bus_path_decode(path, UNIT_PATHS, &unit) <= 0 ||
		strlen(unit) >= sizeof(inquiry.failure.unit) || strlen(path) >= sizeof(inquiry.path))
		return 0;
	(void)snprintf(inquiry.failure.unit, sizeof(inquiry.failure.unit), "%s", unit);
	(void)snprintf(inquiry.path, sizeof(inquiry.path), "%s", path);
	inquiry.failure.result = (UnitResult)r;
	inquiry.is_main = is_main_to_blame(&change);
	inquiry.change = change;
	inquiry.change.result = NULL;
	failures->open = inquiry;
	if (!depends_on_stop(&inquiry, change.result))
		close_inquiry(failures);
	return 0;
}

static int on_unit(sd_bus_message *message, void *context, sd_bus_error *unused)
{
	UnitFailures *failures = context;
	const char *path = sd_bus_message_get_path(message);
	Change change = {.result = NULL};

	(void)unused;
	if (!path || strcmp(path, failures->open.path) != 0 || read_change(message, &change) < 0)
		return 0;
	failures->open.ceased = change.ceased;
	failures->open.changed = change.changed;
	close_inquiry(failures);
	return 0;
}

/* A name, or a number. Of DynamicUser= it is one that need not be there by now. */
uid_t unit_failures_user(UnitFailures *failures, const char *unit)
{
	CLEANUP_BUS_ERROR sd_bus_error ignored = SD_BUS_ERROR_NULL;
	CLEANUP_FREE char *path = NULL, *name = NULL;
	char text[1024];
	struct passwd entry, *found = NULL;
	int64_t number;

	if (sd_bus_path_encode(UNIT_PATHS, unit, &path) < 0 ||
		sd_bus_get_property_string(failures->manager->bus, MANAGER_SERVICE, path, UNIT_SERVICE,
			"User", &ignored, &name) < 0)
		return 0;
	if (text_to_integer(name, 0, UINT32_MAX, &number, NULL) == 0)
		return (uid_t)number;
	return getpwnam_r(name, &entry, text, sizeof(text), &found) == 0 && found ? found->pw_uid : 0;
}

UnitFailures *unit_failures_free(UnitFailures *failures)
{
	if (failures)
		(void)manager_free(failures->manager);
	free(failures);
	return NULL;
}

static int subscribe(UnitFailures *failures, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	sd_bus *bus = failures->manager->bus;
	bool named = failures->manager->sender != NULL;
	int r = sd_bus_add_match(
		bus, NULL, named ? MATCH("Service") FROM_MANAGER : MATCH("Service"), on_service, failures);

	if (r >= 0)
		r = sd_bus_add_match(
			bus, NULL, named ? MATCH("Unit") FROM_MANAGER : MATCH("Unit"), on_unit, failures);
	if (r < 0)
		return error_os(error, -r, "cannot listen to the service manager");
	r = sd_bus_call_method(
		bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE, "Subscribe", &failure, NULL, NULL);
	if (r < 0)
		return error_set(
			error, "cannot listen to the service manager: %s", manager_failure(&failure, r));
	return 0;
}

int unit_failures_listen_to(
	Manager *manager, UnitFailureVisitor visitor, void *userdata, UnitFailures **ret, Error *error)
{
	CLEANUP(unit_failures_free) UnitFailures *failures = calloc(1, sizeof(*failures));

	if (!failures) {
		(void)manager_free(manager);
		return error_memory(error);
	}
	*failures = (UnitFailures){.manager = manager, .visitor = visitor, .userdata = userdata};
	if (subscribe(failures, error) < 0)
		return UNIT_FAILURES_UNAVAILABLE;
	*ret = TAKE_PTR(failures);
	return 0;
}

int unit_failures_listen(UnitFailureVisitor visitor, void *userdata, UnitFailures **ret, Error *error)
{
	Manager *manager;

	if (access("/run/systemd/system", F_OK) < 0) {
		(void)error_set(error, "systemd is not the service manager here");
		return UNIT_FAILURES_UNAVAILABLE;
	}
	if (manager_open_system(&manager, error) < 0)
		return UNIT_FAILURES_UNAVAILABLE;
	return unit_failures_listen_to(manager, visitor, userdata, ret, error);
}

void unit_failures_poll(const UnitFailures *failures, struct pollfd *to)
{
	int events = sd_bus_get_events(failures->manager->bus);

	*to = (struct pollfd){
		.fd = sd_bus_get_fd(failures->manager->bus), .events = (short)(events < 0 ? POLLIN : events)};
}

int unit_failures_read(UnitFailures *failures, Error *error)
{
	int r = 1;

	for (size_t i = 0; i < MESSAGES_MAX && r > 0; i++)
		r = sd_bus_process(failures->manager->bus, NULL);
	if (r < 0)
		return error_os(error, -r, "lost the connection to the service manager");
	return r > 0 ? UNIT_FAILURES_MORE : 0;
}
