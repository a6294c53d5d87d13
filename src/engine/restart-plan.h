/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From exposed processes to the smallest sufficient actions: one for each unit, program, session or system,
 * without those that another one brings about anyhow. Pure; docs/restarts.md tells the rules.
 */

#include "base/cleanup.h"
#include "base/json.h"
#include "engine/restart-judge.h"

typedef struct RestartAction {
	RestartVerdict what;
	size_t n_processes; /* how many are closed by it */
	int64_t due;        /* asked for until then, in seconds since 1970; 0: as long as people like */
} RestartAction;

typedef struct RestartPlan {
	RestartAction
		*actions; /* the automatic ones first, smallest scope first; then the others, largest first */
	size_t n;
	size_t *action_of; /* for each finding, in the order they were given */
	size_t n_findings;
} RestartPlan;

/* The facts that actions point to are the world's. */
int restart_plan_new(
	const RestartWorld *world, const RestartFinding *findings, size_t n, RestartPlan **ret, Error *error);
RestartPlan *restart_plan_free(RestartPlan *plan);
DEFINE_CLEANUP(RestartPlan *, restart_plan_free);

/* "service", "soft-reboot", … */
const char *restart_scope_name(UnitScope scope);

/* What is to be done, for people; of something asked for, also why it is not done by itself. */
int restart_action_remedy(const RestartAction *action, char **ret, Error *error);

/* "actions" of "suture-exposed-1" (docs/reports.md). */
int restart_plan_to_json(
	const RestartPlan *plan, const RestartFinding *findings, json_t *array, Error *error);
