/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-facts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "parts/units/unit-property.h"

static bool is_active_state(const char *state)
{
	return strcmp(state, "inactive") != 0 && strcmp(state, "failed") != 0;
}

static int is_active(const Unit *unit, bool *ret, Error *error)
{
	char state[UNIT_WORD_SIZE];

	if (unit_get_word(unit, UNIT_INTERFACE, "ActiveState", state, error) < 0)
		return -1;
	*ret = is_active_state(state);
	return 0;
}

/* systemd counts the starts of an interval that begins with a start; whatever the count is, it lapses with
 * the interval after the last of them at the latest. */
static int is_limited(const Unit *unit, bool *ret, Error *error)
{
	uint64_t interval, left_inactive, entered_active, burst, last;
	uint64_t now = (uint64_t)clock_monotonic_ms() * 1000;

	if (unit_get_number(unit, (UnitProperty){UNIT_INTERFACE, "StartLimitIntervalUSec", 't'}, &interval,
		    error) < 0 ||
		unit_get_number(unit, (UnitProperty){UNIT_INTERFACE, "InactiveExitTimestampMonotonic", 't'},
			&left_inactive, error) < 0 ||
		unit_get_number(unit, (UnitProperty){UNIT_INTERFACE, "ActiveEnterTimestampMonotonic", 't'},
			&entered_active, error) < 0 ||
		unit_get_number(unit, (UnitProperty){UNIT_INTERFACE, "StartLimitBurst", 'u'}, &burst, error) <
			0)
		return -1;
	last = left_inactive > entered_active ? left_inactive : entered_active;
	*ret = burst > 0 && interval > 0 && (last > now || now - last < interval);
	return 0;
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

static int add_one(Manager *manager, const char *name, UnitFacts *facts, Error *error)
{
	CLEANUP_UNIT Unit unit = {.path = NULL};
	UnitAlong *place = &facts->along[facts->n_along];
	bool active;

	if (unit_init(&unit, manager, name, error) < 0 || is_active(&unit, &active, error) < 0)
		return -1;
	if (!active)
		return 0;
	if (facts->n_along == UNIT_ALONG_MAX) {
		facts->too_many_along = true;
		return 0;
	}
	(void)snprintf(place->name, sizeof(place->name), "%s", name);
	facts->n_along++;
	return is_limited(&unit, &place->is_limited, error);
}

/* Notes the units that one property names; only what is active restarts along. */
static int add_along(const Unit *unit, const char *property, UnitFacts *facts, Error *error)
{
	CLEANUP_STRINGS char **names = NULL;

	if (unit_get_strings(unit, property, &names, error) < 0)
		return -1;
	for (char **each = names; each && *each && !facts->too_many_along; each++)
		if (manager_is_unit_name(*each) && !knows(facts, *each) &&
			add_one(unit->manager, *each, facts, error) < 0)
			return -1;
	return 0;
}

/* systemd restarts along what these name, what is named there again, and so on. */
static int collect_along(Manager *manager, UnitFacts *facts, Error *error)
{
	static const char *const properties[] = {"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf"};

	for (uint32_t done = 0; done <= facts->n_along; done++) {
		CLEANUP_UNIT Unit unit = {.path = NULL};

		if (unit_init(&unit, manager, done == 0 ? facts->name : facts->along[done - 1].name, error) <
			0)
			return -1;
		for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
			if (add_along(&unit, properties[i], facts, error) < 0)
				return -1;
	}
	return 0;
}

static int look_at_sockets(const Unit *unit, UnitFacts *facts, Error *error)
{
	CLEANUP_STRINGS char **names = NULL;

	if (unit_get_strings(unit, "TriggeredBy", &names, error) < 0)
		return -1;
	for (char **each = names; each && *each; each++) {
		CLEANUP_UNIT Unit socket = {.path = NULL};
		bool listens, accepts;

		if (!text_has_suffix(*each, ".socket"))
			continue;
		if (unit_init(&socket, unit->manager, *each, error) < 0 ||
			is_active(&socket, &listens, error) < 0 ||
			unit_get_flag(&socket, SOCKET_INTERFACE, "Accept", &accepts, error) < 0)
			return -1;
		facts->has_socket |= listens;
		facts->is_connection |= accepts;
	}
	return 0;
}

static int look_at_service(const Unit *unit, const char *state, UnitFacts *facts, Error *error)
{
	char type[UNIT_WORD_SIZE];
	uint64_t main_pid;
	bool once;

	if (unit_get_word(unit, SERVICE_INTERFACE, "Type", type, error) < 0 ||
		unit_get_flag(unit, UNIT_INTERFACE, "SurviveFinalKillSignal", &facts->survives, error) < 0 ||
		unit_get_number(unit, (UnitProperty){SERVICE_INTERFACE, "MainPID", 'u'}, &main_pid, error) <
			0)
		return -1;
	once = strcmp(type, "oneshot") == 0;
	facts->is_job = once && strcmp(state, "activating") == 0;
	facts->is_done = once && !facts->is_job;
	facts->main_pid = (uint32_t)main_pid;
	return 0;
}

static int can_restart(const Unit *unit, bool *ret, Error *error)
{
	static const struct {
		const char *name;
		bool wanted;
	} flags[] = {{"CanStart", true}, {"CanStop", true}, {"RefuseManualStart", false},
		{"RefuseManualStop", false}};
	bool can = true, value;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (unit_get_flag(unit, UNIT_INTERFACE, flags[i].name, &value, error) < 0)
			return -1;
		can = can && value == flags[i].wanted;
	}
	*ret = can;
	return 0;
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

static int look_at(const Unit *unit, UnitFacts *facts, Error *error)
{
	char state[UNIT_WORD_SIZE], load[UNIT_WORD_SIZE];

	if (unit_get_word(unit, UNIT_INTERFACE, "ActiveState", state, error) < 0 ||
		unit_get_word(unit, UNIT_INTERFACE, "LoadState", load, error) < 0 ||
		can_restart(unit, &facts->can_restart, error) < 0 ||
		is_limited(unit, &facts->is_limited, error) < 0)
		return -1;
	facts->is_active = is_active_state(state);
	facts->has_failed = strcmp(state, "failed") == 0;
	facts->has_file = strcmp(load, "loaded") == 0;
	if (text_has_suffix(facts->name, ".service") && look_at_service(unit, state, facts, error) < 0)
		return -1;
	return look_at_sockets(unit, facts, error);
}

int unit_facts_read(Manager *manager, UnitFacts *facts, Error *error)
{
	CLEANUP_UNIT Unit unit = {.path = NULL};

	if (!manager_is_unit_name(facts->name))
		return error_set(error, "\"%s\" is not the name of a unit", facts->name);
	if (is_known(manager, facts->name, &facts->is_loaded, error) < 0)
		return -1;
	if (!facts->is_loaded)
		return 0;
	if (unit_init(&unit, manager, facts->name, error) < 0 || look_at(&unit, facts, error) < 0)
		return -1;
	return collect_along(manager, facts, error);
}
