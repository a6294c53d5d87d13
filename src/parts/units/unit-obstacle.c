/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-obstacle.h"

#include <string.h>

#include "base/text.h"

static int is_connection(const Unit *unit, bool *ret, Error *error)
{
	CLEANUP_STRINGS char **names = NULL;
	bool found = false;

	if (unit_get_strings(unit, "TriggeredBy", &names, error) < 0)
		return -1;
	for (char **each = names; each && *each; each++) {
		CLEANUP_UNIT Unit socket = {.path = NULL};
		bool accepts;

		if (!text_has_suffix(*each, ".socket"))
			continue;
		if (unit_init(&socket, unit->manager, *each, error) < 0 ||
			unit_get_flag(&socket, SOCKET_INTERFACE, "Accept", &accepts, error) < 0)
			return -1;
		found |= accepts;
	}
	*ret = found;
	return 0;
}

static int may_be_asked_for(const Unit *unit, bool *ret, Error *error)
{
	static const struct {
		const char *name;
		bool wanted;
	} flags[] = {{"CanStart", true}, {"CanStop", true}, {"RefuseManualStart", false},
		{"RefuseManualStop", false}};
	bool may = true, value;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (unit_get_flag(unit, UNIT_INTERFACE, flags[i].name, &value, error) < 0)
			return -1;
		may = may && value == flags[i].wanted;
	}
	*ret = may;
	return 0;
}

int unit_obstacle(const Unit *unit, UnitObstacle *ret, Error *error)
{
	char load[UNIT_WORD_SIZE], state[UNIT_WORD_SIZE], type[UNIT_WORD_SIZE];
	bool connection, may, survives;

	if (unit_get_word(unit, UNIT_INTERFACE, "LoadState", load, error) < 0 ||
		unit_get_word(unit, UNIT_INTERFACE, "ActiveState", state, error) < 0 ||
		unit_get_word(unit, SERVICE_INTERFACE, "Type", type, error) < 0 ||
		unit_get_flag(unit, UNIT_INTERFACE, "SurviveFinalKillSignal", &survives, error) < 0 ||
		is_connection(unit, &connection, error) < 0 || may_be_asked_for(unit, &may, error) < 0)
		return -1;
	if (strcmp(load, "loaded") != 0)
		*ret = UNIT_OBSTACLE_GONE;
	else if (connection)
		*ret = UNIT_OBSTACLE_CONNECTION;
	else if (strcmp(type, "oneshot") == 0)
		*ret = strcmp(state, "activating") == 0 ? UNIT_OBSTACLE_JOB : UNIT_OBSTACLE_DONE;
	else if (!may)
		*ret = UNIT_OBSTACLE_REFUSES;
	else
		*ret = survives ? UNIT_OBSTACLE_SURVIVES : UNIT_OBSTACLE_NONE;
	return 0;
}
