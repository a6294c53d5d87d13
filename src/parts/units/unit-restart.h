/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Restarting units: all in one go, in the order of their dependencies, and each once, those included that
 * restart along.
 */

#include "parts/units/unit-facts.h"

enum { UNIT_ERROR_SIZE = 512 };

/* One restart: plain values, as UnitFacts. */
typedef struct UnitRestart {
	char unit[UNIT_NAME_SIZE];
	bool done;                   /* it was restarted, or does not run any more */
	char error[UNIT_ERROR_SIZE]; /* why it was not; printable, whatever a manager says */
} UnitRestart;

/*
 * Queues the restarts of all n units that run, and waits for their ends, at most seconds. A start that may be
 * counted against a start limit is preceded by a reset of that limit's counter: never does a restart make a
 * unit fail that way, or set off its StartLimitAction=. Each unit's outcome is in its entry; fails only when
 * the manager cannot be talked to.
 */
int units_restart(Manager *manager, UnitRestart *restarts, size_t n, int seconds, Error *error);
