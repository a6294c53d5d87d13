/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Doing what a plan of restarts has as automatic, through the service managers.
 */

#include "base/json.h"
#include "engine/own-units.h"
#include "engine/restart-tries.h"

typedef struct RestartOrder {
	EngineNames names;
	OwnUnits own; /* never restarted, not even when named */
	int64_t now;  /* without names, what is due by then as well, in seconds since 1970; 0: it is not */
	/* Of unattended runs: what was tried as often as it may be is left out, and what is tried is noted.
	 * NULL: neither. */
	const RestartTries *tries;
} RestartOrder;

/*
 * actions: of "suture-exposed-1". Without names, all the automatic ones, and what is due; with names, the
 * services that are named, those included that would only be asked for: who names one has been asked. Each
 * outcome is added to units (docs/reports.md, "suture-restart-1"); *ret_refused is a static sentence when
 * nothing may be restarted now, else NULL.
 */
int restart_run(const json_t *actions, const RestartOrder *order, json_t *units, const char **ret_refused,
	Error *error);

/* Is there something to do? */
bool restart_is_any_wanted(const json_t *actions, const RestartOrder *order);

/* Is it the restart of one of these units, or are there no names? A unit that restarts along with one that
 * may restart by itself is meant as well: where it is exposed, it has no action of its own. */
bool restart_is_meant(const json_t *action, EngineNames names);
