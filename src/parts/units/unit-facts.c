/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-facts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

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

static int is_display_manager(const Unit *unit, bool *ret, Error *error)
{
	CLEANUP_STRINGS char **names = NULL;
	bool found = false;

	if (unit_get_strings(unit, "Names", &names, error) < 0)
		return -1;
	for (char **each = names; each && *each; each++)
		found |= strcmp(*each, "display-manager.service") == 0;
	*ret = found;
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
	if (!manager_is_unit_name(facts->name) || facts->obstacle > UNIT_OBSTACLE_SURVIVES ||
		facts->n_along > UNIT_ALONG_MAX)
		return false;
	for (uint32_t i = 0; i < facts->n_along; i++)
		if (!manager_is_unit_name(facts->along[i].name) ||
			facts->along[i].obstacle > UNIT_OBSTACLE_SURVIVES)
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
	if (is_limited(&unit, &place->is_limited, error) < 0 ||
		is_display_manager(&unit, &place->is_display_manager, error) < 0)
		return -1;
	return unit_obstacle(&unit, &place->obstacle, error);
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

/* What only stops with these, with their restart too: but for what restarts along, nothing starts it again.
 */
static int look_at_stops(Manager *manager, UnitFacts *facts, Error *error)
{
	for (uint32_t i = 0; i <= facts->n_along; i++) {
		CLEANUP_UNIT Unit unit = {.path = NULL};
		CLEANUP_STRINGS char **names = NULL;

		if (unit_init(&unit, manager, i == 0 ? facts->name : facts->along[i - 1].name, error) < 0 ||
			unit_get_strings(&unit, "PropagatesStopTo", &names, error) < 0)
			return -1;
		for (char **each = names; each && *each; each++) {
			CLEANUP_UNIT Unit other = {.path = NULL};
			bool active;

			if (knows(facts, *each))
				continue;
			if (unit_init(&other, manager, *each, error) < 0 ||
				is_active(&other, &active, error) < 0)
				return -1;
			facts->stops_others |= active;
		}
	}
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
	char state[UNIT_WORD_SIZE];
	uint64_t main_pid;

	if (unit_get_word(unit, UNIT_INTERFACE, "ActiveState", state, error) < 0 ||
		unit_get_number(unit, (UnitProperty){SERVICE_INTERFACE, "MainPID", 'u'}, &main_pid, error) <
			0 ||
		unit_obstacle(unit, &facts->obstacle, error) < 0 ||
		is_display_manager(unit, &facts->is_display_manager, error) < 0 ||
		is_limited(unit, &facts->is_limited, error) < 0)
		return -1;
	facts->is_active = is_active_state(state);
	facts->has_failed = strcmp(state, "failed") == 0;
	facts->main_pid = (uint32_t)main_pid;
	return 0;
}

int unit_facts_read(Manager *manager, UnitFacts *facts, Error *error)
{
	CLEANUP_UNIT Unit unit = {.path = NULL};

	if (!manager_is_unit_name(facts->name))
		return error_set(error, "\"%s\" is not the name of a unit", facts->name);
	if (is_known(manager, facts->name, &facts->is_loaded, error) < 0)
		return -1;
	if (!facts->is_loaded) {
		facts->obstacle = UNIT_OBSTACLE_GONE;
		return 0;
	}
	if (unit_init(&unit, manager, facts->name, error) < 0 || look_at(&unit, facts, error) < 0)
		return -1;
	if (collect_along(manager, facts, error) < 0)
		return -1;
	return look_at_stops(manager, facts, error);
}
