/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The facts that a plan of restarts is made from: processes, their units, and what the service managers know
 * of those.
 */

#include "engine/restart-judge.h"

/*
 * Everything about the census's findings, in their order. Strings of *ret_findings are the census's. What a
 * manager does not tell is left unknown, and logged: a restart that nobody could look into is asked for.
 */
int restart_world_look(const Census *census, const OwnUnits *own, RestartWorld **ret_world,
	RestartFinding **ret_findings, Error *error);
RestartWorld *restart_world_free(RestartWorld *world);
DEFINE_CLEANUP(RestartWorld *, restart_world_free);
