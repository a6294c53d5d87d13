/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a service manager knows of a unit that matters to a restart. Plain values without pointers, so that a
 * child that asks as another user can hand them back through a pipe.
 */

#include "parts/units/manager.h"

enum { UNIT_ALONG_MAX = 16 };

/* A unit that would be restarted along, because it requires or is part of the one that is. */
typedef struct UnitAlong {
	char name[UNIT_NAME_SIZE];
	bool is_limited;
} UnitAlong;

typedef struct UnitFacts {
	char name[UNIT_NAME_SIZE];
	bool is_loaded;     /* false: all that follows is too */
	bool is_active;     /* runs, starts or stops; a unit that does not is not restarted */
	bool has_failed;    /* its last run has */
	bool has_file;      /* its definition can be found; a survivor of a soft-reboot may have lost its */
	bool can_restart;   /* it may be stopped and started by hand */
	bool is_job;        /* does its work once and ends by itself: Type=oneshot, at work */
	bool is_done;       /* Type=oneshot and done; a restart does its work again */
	bool is_connection; /* one instance for each connection of a socket with Accept=yes */
	bool has_socket;    /* its socket listens on while it restarts */
	bool survives;      /* SurviveFinalKillSignal=: it is to live on through a soft-reboot */
	/* The last start lies within the interval of its start limit, so another one may be counted against
	 * it: the counter itself cannot be asked for. */
	bool is_limited;
	bool too_many_along; /* more than along has room for */
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
