/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a service manager knows of a unit that matters to a restart. Plain values without pointers, so that a
 * child that asks as another user can hand them back through a pipe.
 */

#include "parts/units/unit-obstacle.h"

enum { UNIT_ALONG_MAX = 16 };

/* A unit that would be restarted along, because it requires or is part of the one that is. */
typedef struct UnitAlong {
	char name[UNIT_NAME_SIZE];
	UnitObstacle obstacle;
	bool is_display_manager;
	bool is_limited;
} UnitAlong;

typedef struct UnitFacts {
	char name[UNIT_NAME_SIZE];
	bool is_loaded;        /* false: its definition counts as gone, and there is nothing else to know */
	bool is_active;        /* runs, starts or stops; a unit that does not is not restarted */
	bool has_failed;       /* its last run has */
	UnitObstacle obstacle; /* against its own restart, whatever restarts along */
	/* One of its names is display-manager.service, whatever it is called. */
	bool is_display_manager;
	/* The last start lies within the interval of its start limit, so another one may be counted against
	 * it: the counter itself cannot be asked for. */
	bool is_limited;
	bool too_many_along; /* more than along has room for */
	bool stops_others;   /* PropagatesStopTo=: what would stop with it, or along, and not start again */
	uint32_t main_pid;   /* 0: none */
	uint32_t n_along;
	UnitAlong along[UNIT_ALONG_MAX];
} UnitFacts;

/* facts->name is set, the rest is filled in. A unit that the manager does not know is not loaded, and that is
 * no failure. An answer that does not come is one: none of the facts holds then. */
int unit_facts_read(Manager *manager, UnitFacts *facts, Error *error);

/* Are they what unit_facts_read() can have filled in: for who has them from a process that may lie. */
bool unit_facts_are_sound(const UnitFacts *facts);

/* Would the unit of this name restart along with that of facts? */
bool unit_facts_has_along(const UnitFacts *facts, const char *name);
