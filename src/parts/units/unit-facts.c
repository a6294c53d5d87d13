/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-facts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"
#define SERVICE_INTERFACE "org.freedesktop.systemd1.Service"
#define SOCKET_INTERFACE "org.freedesktop.systemd1.Socket"

void strings_clear_cleanup(char ***strings)
{
	for (char **each = *strings; each && *each; each++)
		free(*each);
	free(*strings);
}

typedef struct Unit {
	Manager *manager;
	const char *path;
} Unit;

/* An older manager lacks some properties: they are false then, 0 or "". */
static bool get_bool(const Unit *unit, const char *interface, const char *name)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	int value = 0;

	return sd_bus_get_property_trivial(unit->manager->bus, MANAGER_SERVICE, unit->path, interface, name,
		       &failure, 'b', &value) >= 0 &&
	       value;
}

static uint64_t get_number(const Unit *unit, const char *interface, const char *name, char type)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	uint64_t large = 0;
	uint32_t small = 0;
	int r = sd_bus_get_property_trivial(unit->manager->bus, MANAGER_SERVICE, unit->path, interface, name,
		&failure, type, type == 't' ? (void *)&large : &small);

	if (r < 0)
		return 0;
	return type == 't' ? large : small;
}

static bool is_text(const Unit *unit, const char *interface, const char *name, const char *wanted)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP_FREE char *text = NULL;

	return sd_bus_get_property_string(unit->manager->bus, MANAGER_SERVICE, unit->path, interface, name,
		       &failure, &text) >= 0 &&
	       strcmp(text, wanted) == 0;
}

static void get_strings(const Unit *unit, const char *name, char ***ret)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;

	if (sd_bus_get_property_strv(
		    unit->manager->bus, MANAGER_SERVICE, unit->path, UNIT_INTERFACE, name, &failure, ret) < 0)
		*ret = NULL;
}

static int path_of(const char *name, char **ret, Error *error)
{
	int r = sd_bus_path_encode(MANAGER_OBJECT "/unit", name, ret);

	return r < 0 ? error_os(error, -r, "cannot name the unit \"%s\"", name) : 0;
}

int unit_strings(Manager *manager, const char *name, const char *property, char ***ret, Error *error)
{
	CLEANUP_FREE char *path = NULL;

	if (path_of(name, &path, error) < 0)
		return -1;
	get_strings(&(Unit){manager, path}, property, ret);
	return 0;
}

static bool is_active(const Unit *unit)
{
	return !is_text(unit, UNIT_INTERFACE, "ActiveState", "inactive") &&
	       !is_text(unit, UNIT_INTERFACE, "ActiveState", "failed");
}

/* systemd counts the starts of an interval that begins with a start; whatever the count is, it lapses with
 * the interval after the last of them at the latest. */
static bool is_limited(const Unit *unit)
{
	uint64_t interval = get_number(unit, UNIT_INTERFACE, "StartLimitIntervalUSec", 't');
	uint64_t left_inactive = get_number(unit, UNIT_INTERFACE, "InactiveExitTimestampMonotonic", 't');
	uint64_t entered_active = get_number(unit, UNIT_INTERFACE, "ActiveEnterTimestampMonotonic", 't');
	uint64_t last = left_inactive > entered_active ? left_inactive : entered_active;
	uint64_t now = (uint64_t)clock_monotonic_ms() * 1000;

	return get_number(unit, UNIT_INTERFACE, "StartLimitBurst", 'u') > 0 && interval > 0 &&
	       (last > now || now - last < interval);
}

bool unit_facts_has_along(const UnitFacts *facts, const char *name)
{
	for (uint32_t i = 0; i < facts->n_along; i++)
		if (strcmp(facts->along[i].name, name) == 0)
			return true;
	return false;
}

bool unit_facts_are_sound(const UnitFacts *facts)
{
	if (!manager_is_unit_name(facts->name) || facts->n_along > UNIT_ALONG_MAX)
		return false;
	for (uint32_t i = 0; i < facts->n_along; i++)
		if (!manager_is_unit_name(facts->along[i].name))
			return false;
	return true;
}

static bool knows(const UnitFacts *facts, const char *name)
{
	return strcmp(facts->name, name) == 0 || unit_facts_has_along(facts, name);
}

/* Notes the units that one property names; only what is active restarts along. */
static int add_along(const Unit *unit, const char *property, UnitFacts *facts, Error *error)
{
	CLEANUP_STRINGS char **names = NULL;

	get_strings(unit, property, &names);
	for (char **each = names; each && *each; each++) {
		CLEANUP_FREE char *path = NULL;
		UnitAlong *place;

		if (!manager_is_unit_name(*each) || knows(facts, *each))
			continue;
		if (path_of(*each, &path, error) < 0)
			return -1;
		if (!is_active(&(Unit){unit->manager, path}))
			continue;
		if (facts->n_along == UNIT_ALONG_MAX) {
			facts->too_many_along = true;
			return 0;
		}
		place = &facts->along[facts->n_along++];
		(void)snprintf(place->name, sizeof(place->name), "%s", *each);
		place->is_limited = is_limited(&(Unit){unit->manager, path});
	}
	return 0;
}

/* systemd restarts along what these name, what is named there again, and so on. */
static int collect_along(const Unit *unit, UnitFacts *facts, Error *error)
{
	static const char *const properties[] = {"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf"};

	for (uint32_t done = 0; done <= facts->n_along; done++) {
		CLEANUP_FREE char *path = NULL;

		if (path_of(done == 0 ? facts->name : facts->along[done - 1].name, &path, error) < 0)
			return -1;
		for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
			if (add_along(&(Unit){unit->manager, path}, properties[i], facts, error) < 0)
				return -1;
	}
	return 0;
}

static int look_at_sockets(const Unit *unit, UnitFacts *facts, Error *error)
{
	CLEANUP_STRINGS char **names = NULL;

	get_strings(unit, "TriggeredBy", &names);
	for (char **each = names; each && *each; each++) {
		CLEANUP_FREE char *path = NULL;
		Unit socket = {unit->manager, NULL};

		if (!text_has_suffix(*each, ".socket"))
			continue;
		if (path_of(*each, &path, error) < 0)
			return -1;
		socket.path = path;
		facts->has_socket |= is_active(&socket);
		facts->is_connection |= get_bool(&socket, SOCKET_INTERFACE, "Accept");
	}
	return 0;
}

static void look_at_service(const Unit *unit, UnitFacts *facts)
{
	bool once = is_text(unit, SERVICE_INTERFACE, "Type", "oneshot");

	facts->is_job = once && is_text(unit, UNIT_INTERFACE, "ActiveState", "activating");
	facts->is_done = once && !facts->is_job;
	facts->survives = get_bool(unit, UNIT_INTERFACE, "SurviveFinalKillSignal");
	facts->main_pid = (uint32_t)get_number(unit, SERVICE_INTERFACE, "MainPID", 'u');
}

static int is_known(Manager *manager, const char *name, bool *ret, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
		"GetUnit", &failure, NULL, "s", name);

	*ret = r >= 0;
	if (r >= 0 || sd_bus_error_has_name(&failure, "org.freedesktop.systemd1.NoSuchUnit"))
		return 0;
	return error_set(
		error, "cannot ask the service manager for %s: %s", name, manager_failure(&failure, r));
}

int unit_facts_read(Manager *manager, UnitFacts *facts, Error *error)
{
	CLEANUP_FREE char *path = NULL;
	Unit unit = {manager, NULL};

	if (!manager_is_unit_name(facts->name))
		return error_set(error, "\"%s\" is not the name of a unit", facts->name);
	if (is_known(manager, facts->name, &facts->is_loaded, error) < 0)
		return -1;
	if (!facts->is_loaded)
		return 0;
	if (path_of(facts->name, &path, error) < 0)
		return -1;
	unit.path = path;
	facts->is_active = is_active(&unit);
	facts->has_failed = is_text(&unit, UNIT_INTERFACE, "ActiveState", "failed");
	facts->has_file = is_text(&unit, UNIT_INTERFACE, "LoadState", "loaded");
	facts->can_restart = get_bool(&unit, UNIT_INTERFACE, "CanStart") &&
			     get_bool(&unit, UNIT_INTERFACE, "CanStop") &&
			     !get_bool(&unit, UNIT_INTERFACE, "RefuseManualStart") &&
			     !get_bool(&unit, UNIT_INTERFACE, "RefuseManualStop");
	facts->is_limited = is_limited(&unit);
	if (text_has_suffix(facts->name, ".service"))
		look_at_service(&unit, facts);
	if (look_at_sockets(&unit, facts, error) < 0)
		return -1;
	return collect_along(&unit, facts, error);
}

const char *unit_job(Manager *manager, const char *name, char type[static UNIT_JOB_SIZE])
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	CLEANUP_FREE char *path = NULL, *word = NULL;
	const char *job;
	uint32_t id = 0;

	type[0] = '\0';
	if (path_of(name, &path, NULL) < 0 ||
		sd_bus_get_property(manager->bus, MANAGER_SERVICE, path, UNIT_INTERFACE, "Job", &failure,
			&reply, "(uo)") < 0 ||
		sd_bus_message_read(reply, "(uo)", &id, &job) < 0 || id == 0)
		return type;
	/* One that has ended meanwhile is none. */
	if (sd_bus_get_property_string(manager->bus, MANAGER_SERVICE, job, MANAGER_SERVICE ".Job", "JobType",
		    &failure, &word) >= 0)
		(void)snprintf(type, UNIT_JOB_SIZE, "%s", word);
	return type;
}
