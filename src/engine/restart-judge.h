/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What closes the exposure of one process, from facts alone: nothing is asked here, so that every case can be
 * tested. engine/restart-world.c gathers the facts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "engine/own-units.h"
#include "parts/census/census.h"
#include "parts/units/unit-facts.h"
#include "parts/units/units.h"

/* One exposed process. Strings are borrowed. */
typedef struct RestartFinding {
	pid_t pid;
	uid_t uid;
	const char *name;  /* the program */
	const char *unit;  /* as the census names it, "" for none */
	bool in_container; /* in a pid namespace below this one */
	int64_t since;     /* when it began to be exposed, in seconds since 1970; 0: that is to come */
	bool is_spared;    /* systemd ends it last or not at all: '@' begins its command line (systemd's
			      "Storage Daemons for the Root File System") */
} RestartFinding;

/* A unit that exposed processes belong to. */
typedef struct RestartUnit {
	char unit[CENSUS_UNIT_SIZE];
	bool is_known; /* its manager has answered */
	UnitFacts facts;
	bool has_owner; /* of a login session */
	uid_t owner;
} RestartUnit;

typedef struct RestartWorld {
	bool has_manager;     /* systemd is pid 1 */
	bool can_soft_reboot; /* since systemd 254 */
	int64_t deadline;     /* seconds that people have for what can fall due; 0: as long as they like */
	OwnUnits own;
	RestartUnit *units;
	size_t n_units;
} RestartWorld;

enum { RESTART_REASON_SIZE = 512 };

/* The smallest thing to do about one process; equal scope, target and uid make one action. */
typedef struct RestartVerdict {
	UnitScope scope;
	char target[CENSUS_UNIT_SIZE]; /* a unit as the census names it, or a program; "" for the whole system
					*/
	char unit[CENSUS_UNIT_SIZE];   /* where the process is; "" for none */
	uid_t uid;              /* whose: of applications, sessions and what a user's manager runs; else 0 */
	bool automatic;         /* nobody is cut off */
	bool can_fall_due;      /* asked for, and nothing but people's wishes stands against it */
	bool ends_applications; /* a session's end that is needed for what people see of it: it is the end of
				   the applications in it as well */
	char reason[RESTART_REASON_SIZE];
	const UnitFacts *facts; /* of scope service and user-service, where known */
} RestartVerdict;

void restart_judge(const RestartWorld *world, const RestartFinding *finding, RestartVerdict *ret);
