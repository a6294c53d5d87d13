/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/leaving.h"

#include "engine/exposure.h"
#include "engine/restart-run.h"
#include "parts/overlay/overlay.h"

void leaving_clear(Leaving *leaving)
{
	exposure_targets_clear(&leaving->targets);
	improvements_clear(&leaving->set);
}

int leaving_note(const Engine *engine, const State *state, Leaving *leaving, Error *error)
{
	return exposure_targets_brought(engine, state, &leaving->set, &leaving->targets, error);
}

/* What /usr shows by now is no old generation for the census. */
static int note_current(const Engine *engine, ExposureTargets *targets, Error *error)
{
	CLEANUP_FREE OverlayGeneration *generations = NULL;
	size_t n = 0;

	if (overlay_list(engine->root, &generations, &n, error) < 0)
		return -1;
	targets->current = 0;
	for (size_t i = 0; i < n; i++)
		if (generations[i].is_top)
			targets->current = generations[i].device;
	return 0;
}

int leaving_restart_users(
	const Engine *engine, Leaving *leaving, json_t **ret_units, json_t **ret_exposed, Error *error)
{
	CLEANUP_JSON json_t *units = json_array();
	CLEANUP_JSON json_t *before = NULL;
	RestartOrder order = {.names = {NULL, 0}};
	const char *refused = NULL;

	if (!units)
		return error_memory(error);
	own_units_find(engine->leaving, &order.own);
	if (note_current(engine, &leaving->targets, error) < 0 ||
		exposure_of(engine, &leaving->targets, &before, error) < 0 ||
		restart_run(json_object_get(before, "actions"), &order, units, &refused, error) < 0 ||
		exposure_of(engine, &leaving->targets, ret_exposed, error) < 0)
		return -1;
	*ret_units = TAKE_PTR(units);
	return 0;
}
