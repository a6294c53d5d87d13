/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/exposure.h"

#include <string.h>

#include "engine/exposure-targets.h"
#include "parts/manifest/letter.h"
#include "parts/units/units.h"

static const char format_name[] = "suture-exposed-1";

static const char *const kind_names[] = {
	[CENSUS_MAPPING] = "library",
	[CENSUS_EXECUTABLE] = "executable",
	[CENSUS_NAMESPACE] = "namespace",
};

/* What closes the exposure, at the smallest scope. */
static int put_remedy(const CensusFinding *finding, json_t *item, Error *error)
{
	const char *reason = NULL;
	UnitAction action = unit_action(finding->unit, &reason);

	if (finding->kind == CENSUS_NAMESPACE)
		return json_put_text(item, "remedy", "restart: its mount namespace keeps an old /usr", error);
	if (action == UNIT_RESTART)
		return json_put_text(item, "remedy", "restart the unit", error);
	if (action == UNIT_ASK)
		return json_put_text(item, "remedy", reason, error);
	return json_put_text(item, "remedy", "restart the program", error);
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

static int put_finding(
	const ExposureTargets *targets, const CensusFinding *finding, json_t *array, Error *error)
{
	json_t *item = json_object();

	if (json_add(array, item, error) < 0 || json_put_integer(item, "pid", finding->pid, error) < 0 ||
		json_put_integer(item, "uid", finding->uid, error) < 0 ||
		json_put_text(item, "name", finding->name, error) < 0 ||
		json_put_text(item, "kind", kind_names[finding->kind], error) < 0 ||
		(finding->unit[0] && json_put_text(item, "unit", finding->unit, error) < 0) ||
		put_subject(targets, finding, item, error) < 0)
		return -1;
	return put_remedy(finding, item, error);
}

/* Without a census nobody was looked at; whether that is all there is to see, the caller knows. */
static int to_json(
	const ExposureTargets *targets, const Census *census, bool complete, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *processes = json_array();

	if (!document) {
		json_decref(processes);
		return error_memory(error);
	}
	if (json_put(document, "processes", processes, error) < 0 ||
		json_put_text(document, "format", format_name, error) < 0)
		return -1;
	for (size_t i = 0; census && i < census->n_findings; i++)
		if (put_finding(targets, &census->findings[i], processes, error) < 0)
			return -1;
	if (json_put(document, "complete", json_boolean(complete), error) < 0 ||
		json_put_integer(document, "unreadable", census ? (int64_t)census->n_unreadable : 0, error) <
			0 ||
		json_put_integer(document, "looked_at", census ? (int64_t)census->n_processes : 0, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

int exposure_of(const Engine *engine, const ExposureTargets *targets, json_t **ret, Error *error)
{
	CLEANUP(census_free) Census *census = NULL;
	const CensusQuery query = {engine->root, targets->targets, targets->n_targets, targets->current};

	if (census_take(&query, &census, error) < 0)
		return -1;
	return to_json(targets, census, census->n_unreadable == 0, ret, error);
}

int exposure_report(
	const Engine *engine, const State *state, const Improvements *set, json_t **ret, Error *error)
{
	__attribute__((cleanup(exposure_targets_clear_cleanup))) ExposureTargets targets = {.targets = NULL};

	/* Nothing is replaced: nothing can be exposed. */
	if (set->n == 0)
		return to_json(&targets, NULL, true, ret, error);
	if (exposure_targets_collect(engine, state, set, &targets, error) < 0)
		return -1;
	return exposure_of(engine, &targets, ret, error);
}

int exposure_unseen(json_t **ret, Error *error)
{
	return to_json(NULL, NULL, false, ret, error);
}
