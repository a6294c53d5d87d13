/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Restarts what is exposed and may be restarted: each unit once, through the service manager. What would cut
 * people off is left alone and named.
 */

#include "engine/restart.h"

#include <string.h>

#include "engine/context.h"
#include "engine/exposure.h"
#include "engine/state.h"
#include "parts/units/units.h"

enum { UNIT_SECONDS = 90 };

static const char format_name[] = "suture-restart-1";

static bool is_listed(const json_t *units, const char *unit)
{
	size_t index;
	json_t *item;

	json_array_foreach(units, index,
		item) if (strcmp(json_string_value(json_object_get(item, "unit")), unit) == 0) return true;
	return false;
}

static int restart_one(json_t *units, const char *unit, Error *error)
{
	json_t *item = json_object();
	Error why = ERROR_INIT;
	int r;

	if (json_add(units, item, error) < 0 || json_put_text(item, "unit", unit, error) < 0)
		return -1;
	r = unit_restart(unit, UNIT_SECONDS, &why);
	if (json_put(item, "restarted", json_boolean(r == 0), error) < 0)
		return -1;
	return r < 0 ? json_put_text(item, "error", why.text, error) : 0;
}

int restart_listed(const json_t *exposed, json_t *units, Error *error)
{
	size_t index;
	json_t *process;

	if (!units_available())
		return 0;
	json_array_foreach(json_object_get(exposed, "processes"), index, process)
	{
		const char *unit = json_string_value(json_object_get(process, "unit"));
		const char *reason = NULL;

		if (!unit || unit_action(unit, &reason) != UNIT_RESTART || is_listed(units, unit))
			continue;
		if (restart_one(units, unit, error) < 0)
			return -1;
	}
	return 0;
}

int engine_restart(Engine *engine, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_JSON json_t *before = NULL;
	CLEANUP_STATE State state = STATE_INIT;
	json_t *units = json_array();
	json_t *after = NULL;

	if (!document || json_put(document, "units", units, error) < 0)
		return error_memory(error);
	if (json_put_text(document, "format", format_name, error) < 0 ||
		state_load(engine->store, &state, error) < 0 ||
		exposure_report(engine, &state, &state.active, &before, error) < 0)
		return -1;
	if (restart_listed(before, units, error) < 0)
		return -1;
	if (exposure_report(engine, &state, &state.active, &after, error) < 0 ||
		json_put(document, "exposed", after, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}
