/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The units that what is done here runs in: that of this process, and those of who waits for its end. A
 * restart of one would cut off who has asked for it.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "engine/engine.h"
#include "parts/census/census.h"

enum { OWN_UNITS_MAX = 1 + ENGINE_LEAVING_MAX };

typedef struct OwnUnits {
	char names[OWN_UNITS_MAX][CENSUS_UNIT_SIZE]; /* as the census names them */
	size_t n;
} OwnUnits;

/* leaving: see EngineOptions. A process that runs in no unit, or that has ended, has none. */
void own_units_find(const pid_t leaving[static ENGINE_LEAVING_MAX], OwnUnits *ret);
bool own_units_has(const OwnUnits *own, const char *unit);
