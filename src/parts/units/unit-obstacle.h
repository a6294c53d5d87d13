/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What stands against the restart of one unit, be it asked for or brought about by that of another.
 */

#include "parts/units/unit-property.h"

/* The first that applies. */
typedef enum UnitObstacle {
	UNIT_OBSTACLE_NONE,
	UNIT_OBSTACLE_GONE,       /* its definition cannot be found: a survivor of a soft-reboot, perhaps */
	UNIT_OBSTACLE_CONNECTION, /* one instance for each connection of a socket with Accept=yes */
	UNIT_OBSTACLE_JOB,        /* does its work once and ends by itself: Type=oneshot, at work */
	UNIT_OBSTACLE_DONE,       /* Type=oneshot and done; a restart does its work again */
	UNIT_OBSTACLE_REFUSES,    /* it may not be stopped or started by hand */
	UNIT_OBSTACLE_SURVIVES,   /* SurviveFinalKillSignal=: it is to live on through a soft-reboot */
} UnitObstacle;

int unit_obstacle(const Unit *unit, UnitObstacle *ret, Error *error);
