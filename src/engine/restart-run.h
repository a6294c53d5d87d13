/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Doing what a plan of restarts has as automatic, through the service managers.
 */

#include "base/json.h"
#include "engine/own-units.h"

typedef struct RestartOrder {
	EngineNames names;
	OwnUnits own; /* never restarted, not even when named */
	int64_t now;  /* without names, what is due by then as well, in seconds since 1970; 0: it is not */
} RestartOrder;

/*
 * actions: of "suture-exposed-1". Without names, all the automatic ones, and what is due; with names, the
 * services that are named, those included that would only be asked for: who names one has been asked. Each
 * outcome is added to units (docs/reports.md, "suture-restart-1"); *ret_refused is a static sentence when
 * nothing may be restarted now, else NULL.
 */
int restart_run(const json_t *actions, const RestartOrder *order, json_t *units, const char **ret_refused,
	Error *error);

/* Has the time ended that people had for it? */
bool restart_is_due(const json_t *action, int64_t now);

/* Is it the restart of one of these units, or are there no names? */
bool restart_is_meant(const json_t *action, EngineNames names);
