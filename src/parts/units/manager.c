/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/text.h"

static int set_up(sd_bus *bus, const char *sender, Manager **ret, Error *error)
{
	Manager *manager = calloc(1, sizeof(*manager));

	if (!manager) {
		(void)sd_bus_flush_close_unref(bus);
		return error_memory(error);
	}
	(void)sd_bus_set_method_call_timeout(bus, (uint64_t)MANAGER_CALL_SECONDS * 1000000);
	*manager = (Manager){bus, sender};
	*ret = manager;
	return 0;
}

int manager_open_system(Manager **ret, Error *error)
{
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r < 0)
		return error_os(error, -r, "cannot reach the system message bus");
	return set_up(bus, MANAGER_SERVICE, ret, error);
}

int manager_open_user(const char *runtime_directory, Manager **ret, Error *error)
{
	CLEANUP(sd_bus_flush_close_unref) sd_bus *bus = NULL;
	CLEANUP_FREE char *address = NULL;
	int r;

	if (text_format(&address, error, "unix:path=%s/systemd/private", runtime_directory) < 0)
		return -1;
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return error_os(error, -r, "cannot reach the service manager of the user");
	return set_up(TAKE_PTR(bus), NULL, ret, error);
}

Manager *manager_free(Manager *manager)
{
	if (manager)
		(void)sd_bus_flush_close_unref(manager->bus);
	free(manager);
	return NULL;
}

bool manager_is_unit_name(const char *unit)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@";
	size_t length = strnlen(unit, UNIT_NAME_SIZE);

	return length > 0 && length < UNIT_NAME_SIZE && strspn(unit, allowed) == length;
}

const char *manager_failure(const sd_bus_error *failure, int r)
{
	return failure->message ? failure->message : error_os_text(-r);
}

/* Is a job queued that takes the machine down? */
static int has_shutdown_job(Manager *manager, bool *ret, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	const char *unit, *type;
	int r = sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
		"ListJobs", &failure, &reply, NULL);

	if (r < 0)
		return error_set(error, "cannot ask the service manager: %s", manager_failure(&failure, r));
	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(usssoo)");
	while (r >= 0) {
		r = sd_bus_message_read(reply, "(usssoo)", NULL, &unit, &type, NULL, NULL, NULL);
		if (r <= 0)
			break;
		if (strcmp(unit, "shutdown.target") == 0 && strcmp(type, "start") == 0)
			*ret = true;
	}
	return r < 0 ? error_os(error, -r, "cannot understand the service manager") : 0;
}

static bool is_logind_preparing(Manager *manager)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	int preparing = 0;

	return sd_bus_get_property_trivial(manager->bus, "org.freedesktop.login1", "/org/freedesktop/login1",
		       "org.freedesktop.login1.Manager", "PreparingForShutdown", &failure, 'b',
		       &preparing) >= 0 &&
	       preparing;
}

int manager_going_down(Manager *manager, const char **ret_reason, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP_FREE char *state = NULL;
	bool queued = false;
	int r = sd_bus_get_property_string(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
		"SystemState", &failure, &state);

	if (r < 0)
		return error_set(error, "cannot ask the service manager: %s", manager_failure(&failure, r));
	if (has_shutdown_job(manager, &queued, error) < 0)
		return -1;
	*ret_reason = NULL;
	if (queued || strcmp(state, "stopping") == 0)
		*ret_reason = "the system is going down";
	else if (manager->sender && is_logind_preparing(manager))
		*ret_reason = "the system is about to go down";
	return 0;
}

unsigned manager_version(Manager *manager)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP_FREE char *version = NULL;

	/* "257.7-1", long ago "systemd 197". */
	if (sd_bus_get_property_string(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
		    "Version", &failure, &version) < 0)
		return 0;
	return (unsigned)strtoul(version, NULL, 10);
}

void manager_delay_shutdown(Manager *manager, int *ret_fd)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	int fd;

	if (manager->sender &&
		sd_bus_call_method(manager->bus, "org.freedesktop.login1", "/org/freedesktop/login1",
			"org.freedesktop.login1.Manager", "Inhibit", &failure, &reply, "ssss", "shutdown",
			"Suture", "Restarting what uses replaced files", "delay") >= 0 &&
		sd_bus_message_read(reply, "h", &fd) >= 0)
		*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	else
		*ret_fd = -1;
}
