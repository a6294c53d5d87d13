/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/exposure.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/language.h"
#include "engine/exposure-targets.h"
#include "engine/restart-plan.h"
#include "engine/restart-world.h"
#include "parts/manifest/letter.h"

static const char format_name[] = "suture-exposed-1";

static const char *const kind_names[] = {
	[CENSUS_MAPPING] = N_("library"),
	[CENSUS_EXECUTABLE] = N_("executable"),
	[CENSUS_NAMESPACE] = N_("namespace"),
};

/* A census, and what is to be done about it. */
typedef struct Exposure {
	const ExposureTargets *targets; /* not its own */
	Census *census;
	size_t n_leaving; /* an ordinary user's processes that were left out */
	RestartWorld *world;
	RestartFinding *findings;
	RestartPlan *plan;
} Exposure;

static void exposure_clear_cleanup(Exposure *exposure)
{
	(void)restart_plan_free(exposure->plan);
	free(exposure->findings);
	(void)restart_world_free(exposure->world);
	(void)census_free(exposure->census);
}

/* What closes the exposure, at the smallest scope. */
static int put_remedy(const Exposure *exposure, size_t at, json_t *item, Error *error)
{
	CLEANUP_FREE char *remedy = NULL;

	if (restart_action_remedy(&exposure->plan->actions[exposure->plan->action_of[at]], &remedy, error) <
		0)
		return -1;
	return json_put_text(item, "remedy", remedy, error);
}

static int put_subject(
	const ExposureTargets *targets, const CensusFinding *finding, json_t *item, Error *error)
{
	const ExposureSubject *subject;
	char letter[LETTER_SIZE];

	if (finding->subject >= targets->n_subjects)
		return 0;
	subject = &targets->subjects[finding->subject];
	if (json_put_text(item, "component", subject->manifest->component, error) < 0 ||
		json_put_text(item, "letter", letter_from_sequence(subject->manifest->sequence, letter),
			error) < 0 ||
		json_put_text(item, "path", subject->path, error) < 0)
		return -1;
	return json_put_integer(item, "paths", (int64_t)finding->n_subjects, error);
}

/* Which improvements the process is not protected by yet. */
static int put_components(
	const ExposureTargets *targets, const CensusFinding *finding, json_t *item, Error *error)
{
	uint64_t groups = exposure_targets_groups(targets, finding);
	json_t *array = json_array();

	if (json_put(item, "components", array, error) < 0)
		return -1;
	for (size_t i = 0; i < targets->set->n; i++)
		if ((groups >> exposure_targets_group(i) & 1) != 0 &&
			json_add(array, json_string(targets->set->items[i].manifest->component), error) < 0)
			return -1;
	return 0;
}

static int put_finding(const Exposure *exposure, size_t at, json_t *array, Error *error)
{
	const CensusFinding *finding = &exposure->census->findings[at];
	json_t *item = json_object();

	if (json_add(array, item, error) < 0 || json_put_integer(item, "pid", finding->pid, error) < 0 ||
		json_put_integer(item, "started", (int64_t)finding->start_time, error) < 0 ||
		json_put_integer(item, "uid", finding->uid, error) < 0 ||
		json_put_text(item, "name", finding->name, error) < 0 ||
		json_put_text(item, "kind", kind_names[finding->kind], error) < 0 ||
		(finding->unit[0] && json_put_text(item, "unit", finding->unit, error) < 0) ||
		put_subject(exposure->targets, finding, item, error) < 0 ||
		put_components(exposure->targets, finding, item, error) < 0)
		return -1;
	return put_remedy(exposure, at, item, error);
}

/* Nobody is exposed, or nobody was looked at; which it is, the caller knows. */
static int nobody(bool complete, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();

	if (!document)
		return error_memory(error);
	if (json_put(document, "processes", json_array(), error) < 0 ||
		json_put(document, "actions", json_array(), error) < 0 ||
		json_put_text(document, "format", format_name, error) < 0 ||
		json_put(document, "complete", json_boolean(complete), error) < 0 ||
		json_put_integer(document, "unreadable", 0, error) < 0 ||
		json_put_integer(document, "unknown_generations", 0, error) < 0 ||
		json_put_integer(document, "looked_at", 0, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

static int to_json(const Exposure *exposure, json_t **ret, Error *error)
{
	const Census *census = exposure->census;
	size_t n_unknown = exposure->targets->n_unknown;
	CLEANUP_JSON json_t *document = NULL;

	if (nobody(census->n_unreadable == 0 && n_unknown == 0, &document, error) < 0 ||
		json_put_integer(document, "unknown_generations", (int64_t)n_unknown, error) < 0 ||
		json_put_integer(document, "unreadable", (int64_t)census->n_unreadable, error) < 0 ||
		json_put_integer(document, "looked_at", (int64_t)census->n_processes, error) < 0)
		return -1;
	for (size_t i = 0; i < census->n_findings; i++)
		if (put_finding(exposure, i, json_object_get(document, "processes"), error) < 0)
			return -1;
	if (exposure->n_leaving > 0 &&
		json_put_integer(document, "leaving", (int64_t)exposure->n_leaving, error) < 0)
		return -1;
	if (restart_plan_to_json(
		    exposure->plan, exposure->findings, json_object_get(document, "actions"), error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

/* With the answer they end, and the old bytes that they may use go with them. */
static bool is_leaving(const Engine *engine, pid_t pid)
{
	bool leaving = pid == getpid();

	for (size_t i = 0; i < ENGINE_LEAVING_MAX; i++)
		leaving = leaving || pid == engine->leaving[i];
	return leaving;
}

/* That an ordinary user's process ends is his word alone: these are counted. */
static void leave_out_the_leaving(const Engine *engine, Exposure *exposure)
{
	Census *census = exposure->census;
	size_t n = 0;

	for (size_t i = 0; i < census->n_findings; i++)
		if (!is_leaving(engine, census->findings[i].pid))
			census->findings[n++] = census->findings[i];
		else
			exposure->n_leaving += census->findings[i].uid != 0;
	census->n_findings = n;
}

/* When the process began, in seconds since 1970. */
static int64_t begin_of(const CensusFinding *finding)
{
	struct timespec since_boot = {0, 0};

	(void)clock_gettime(CLOCK_BOOTTIME, &since_boot);
	return clock_now() - since_boot.tv_sec +
	       (int64_t)(finding->start_time / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Since the first of what it is exposed to came, or since it began; 0: what it is exposed to is to come. */
static int64_t exposed_since(const ExposureTargets *targets, const CensusFinding *finding)
{
	uint64_t groups = exposure_targets_groups(targets, finding);
	int64_t since = 0, began = begin_of(finding);

	for (size_t i = 0; i < targets->set->n; i++) {
		int64_t installed = targets->set->items[i].installed;

		if ((groups >> exposure_targets_group(i) & 1) != 0 && installed > 0 &&
			(since == 0 || installed < since))
			since = installed;
	}
	return since > 0 && began > since ? began : since;
}

static void set_deadline(const Engine *engine, Exposure *exposure)
{
	const AutomaticSettings *automatic = &engine->config.automatic;

	exposure->world->deadline = automatic->restart ? automatic->restart_deadline * 60 * 60 : 0;
	for (size_t i = 0; i < exposure->census->n_findings; i++)
		exposure->findings[i].since =
			exposed_since(exposure->targets, &exposure->census->findings[i]);
}

int exposure_of(const Engine *engine, const ExposureTargets *targets, json_t **ret, Error *error)
{
	__attribute__((cleanup(exposure_clear_cleanup))) Exposure exposure = {.targets = targets};
	const CensusQuery query = {engine->root, targets->targets, targets->n_targets, targets->current};
	OwnUnits own;

	if (census_take(&query, &exposure.census, error) < 0)
		return -1;
	leave_out_the_leaving(engine, &exposure);
	own_units_find(engine->leaving, &own);
	if (restart_world_look(exposure.census, &own, &exposure.world, &exposure.findings, error) < 0)
		return -1;
	set_deadline(engine, &exposure);
	if (restart_plan_new(exposure.world, exposure.findings, exposure.census->n_findings, &exposure.plan,
		    error) < 0)
		return -1;
	return to_json(&exposure, ret, error);
}

int exposure_report(
	const Engine *engine, const State *state, const Improvements *set, json_t **ret, Error *error)
{
	__attribute__((cleanup(exposure_targets_clear_cleanup))) ExposureTargets targets = {.targets = NULL};

	/* Nothing is replaced: nothing can be exposed. */
	if (set->n == 0)
		return nobody(true, ret, error);
	if (exposure_targets_collect(engine, state, set, &targets, error) < 0)
		return -1;
	return exposure_of(engine, &targets, ret, error);
}

int exposure_unseen(json_t **ret, Error *error)
{
	return nobody(false, ret, error);
}
