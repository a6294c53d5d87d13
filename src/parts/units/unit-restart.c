/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "parts/units/units.h"

enum { UNIT_NAME_MAX = 255 };

static const char SERVICE[] = "org.freedesktop.systemd1";
static const char OBJECT[] = "/org/freedesktop/systemd1";
static const char MANAGER[] = "org.freedesktop.systemd1.Manager";

DEFINE_CLEANUP(sd_bus *, sd_bus_flush_close_unref);
DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);
#define CLEANUP_BUS_ERROR __attribute__((cleanup(sd_bus_error_free)))

/* A restart under way. */
typedef struct Restart {
	const char *unit;
	char *job;       /* object path, once it is known */
	char result[32]; /* "" until the job has ended */
} Restart;

static void restart_clear_cleanup(Restart *restart)
{
	free(restart->job);
}

/* What systemd itself takes for a name (systemd.unit(5)). */
static bool is_unit_name(const char *unit)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@";
	size_t length = strnlen(unit, UNIT_NAME_MAX + 1);

	return length > 0 && length <= UNIT_NAME_MAX && strspn(unit, allowed) == length;
}

static int on_job_removed(sd_bus_message *message, void *context, sd_bus_error *unused)
{
	Restart *restart = context;
	const char *job, *unit, *result;
	uint32_t id;

	(void)unused;
	if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) < 0)
		return 0;
	if (restart->job && strcmp(job, restart->job) == 0) {
		(void)snprintf(restart->result, sizeof(restart->result), "%s", *result ? result : "?");
	}
	return 0;
}

/* Waits for a message, not beyond the deadline; fails when that has passed. */
static int wait_for_message(sd_bus *bus, const Restart *restart, int64_t deadline_ms, Error *error)
{
	int64_t left_ms = deadline_ms - clock_monotonic_ms();
	int r;

	if (left_ms <= 0)
		return error_set(error, "%s has not restarted in time; systemctl status says how far it is",
			restart->unit);
	r = sd_bus_wait(bus, (uint64_t)left_ms * 1000);
	return r < 0 && r != -EINTR ? error_os(error, -r, "cannot wait for the service manager") : 0;
}

static int wait_for_job(sd_bus *bus, const Restart *restart, int64_t deadline_ms, Error *error)
{
	while (restart->result[0] == '\0') {
		int r = sd_bus_process(bus, NULL);

		if (r < 0)
			return error_os(error, -r, "lost the connection to the service manager");
		if (r == 0 && wait_for_message(bus, restart, deadline_ms, error) < 0)
			return -1;
	}
	if (strcmp(restart->result, "done") != 0)
		return error_set(error, "restarting %s ended with \"%s\"; systemctl status says why",
			restart->unit, restart->result);
	return 0;
}

/* The manager sends its signals only when somebody has asked for them; who does so must listen first. */
static int subscribe(sd_bus *bus, Restart *restart, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	int r = sd_bus_match_signal(
		bus, NULL, SERVICE, OBJECT, MANAGER, "JobRemoved", on_job_removed, restart);

	if (r < 0)
		return error_os(error, -r, "cannot listen to the service manager");
	r = sd_bus_call_method(bus, SERVICE, OBJECT, MANAGER, "Subscribe", &failure, NULL, NULL);
	if (r < 0)
		return error_set(error, "cannot listen to the service manager: %s",
			failure.message ? failure.message : strerror(-r));
	return 0;
}

static int start_job(sd_bus *bus, Restart *restart, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	const char *job;
	int r = sd_bus_call_method(bus, SERVICE, OBJECT, MANAGER, "TryRestartUnit", &failure, &reply, "ss",
		restart->unit, "replace");

	if (r < 0)
		return error_set(error, "cannot restart %s: %s", restart->unit,
			failure.message ? failure.message : strerror(-r));
	r = sd_bus_message_read(reply, "o", &job);
	if (r < 0)
		return error_os(error, -r, "cannot understand the service manager's answer");
	restart->job = strdup(job);
	return restart->job ? 0 : error_memory(error);
}

int unit_restart(const char *unit, int seconds, Error *error)
{
	CLEANUP(restart_clear) Restart restart = {.unit = unit};
	CLEANUP(sd_bus_flush_close_unref) sd_bus *bus = NULL;
	int64_t deadline_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
	int r;

	if (!is_unit_name(unit))
		return error_set(error, "\"%s\" is not the name of a unit", unit);
	r = sd_bus_open_system(&bus);
	if (r < 0)
		return error_os(error, -r, "cannot reach the system message bus");
	r = sd_bus_set_method_call_timeout(bus, (uint64_t)(seconds > 0 ? seconds : 1) * 1000000);
	if (r < 0)
		return error_os(error, -r, "cannot set up the connection to the service manager");
	if (subscribe(bus, &restart, error) < 0 || start_job(bus, &restart, error) < 0)
		return -1;
	return wait_for_job(bus, &restart, deadline_ms, error);
}
