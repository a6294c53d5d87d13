/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Restarts what is exposed and may be restarted, each unit once. What would cut people off is left alone, and
 * they are asked for it.
 */

#include "base/clock.h"
#include "engine/context.h"
#include "engine/exposure.h"
#include "engine/ledger-update.h"
#include "engine/restart-ask.h"
#include "engine/restart-run.h"
#include "engine/state.h"

static const char format_name[] = "suture-restart-1";

static bool is_any_meant(const json_t *actions, const char *name)
{
	size_t index;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (restart_is_meant(action, (EngineNames){&name, 1}))
			return true;
	}
	return false;
}

/* Names that nothing exposed goes by. */
static int put_unexposed(const json_t *actions, EngineNames names, json_t *units, Error *error)
{
	for (size_t i = 0; i < names.count; i++) {
		json_t *item;

		if (is_any_meant(actions, names.names[i]))
			continue;
		item = json_object();
		if (json_add(units, item, error) < 0 ||
			json_put_text(item, "unit", names.names[i], error) < 0 ||
			json_put(item, "restarted", json_false(), error) < 0 ||
			json_put_text(item, "scope", "service", error) < 0 ||
			json_put_text(item, "error", "no exposed service goes by that name", error) < 0)
			return -1;
	}
	return 0;
}

/* Of all actions those that are meant. */
static int put_planned(json_t *document, const json_t *exposed, EngineNames names, Error *error)
{
	json_t *planned = json_array();
	size_t index;
	json_t *action;

	if (json_put(document, "planned", planned, error) < 0)
		return -1;
	json_array_foreach(json_object_get(exposed, "actions"), index, action)
	{
		if (restart_is_meant(action, names) && json_add(planned, json_incref(action), error) < 0)
			return -1;
	}
	return 0;
}

/* What is done, and who is exposed then; after a dry run, who is now. */
static int carry_out(Engine *engine, const State *state, EngineNames names, json_t *exposed, json_t *document,
	Error *error)
{
	CLEANUP_RESTART_TRIES RestartTries tries = RESTART_TRIES_INIT;
	json_t *units = json_object_get(document, "units");
	const json_t *actions = json_object_get(exposed, "actions");
	RestartOrder order = {.names = names};
	const char *refused = NULL;
	json_t *after = NULL;

	if (restart_tries_load(engine->root_fd, state->generation, &tries, error) < 0)
		return -1;
	if (engine->unattended) {
		order.now = clock_now();
		order.tries = &tries;
	}
	own_units_find(engine->leaving, &order.own);
	if (put_unexposed(actions, names, units, error) < 0 ||
		restart_run(actions, &order, units, &refused, error) < 0 ||
		(refused && json_put_text(document, "refused", refused, error) < 0) ||
		exposure_report(engine, state, &state->active, &after, error) < 0 ||
		json_put(document, "exposed", after, error) < 0)
		return -1;
	ledger_note_exposure(engine, state, after, units);
	actions = json_object_get(after, "actions");
	if (!refused && names.count == 0)
		restart_ask(actions, state->generation, restart_tries_gave_up(&tries, actions));
	return 0;
}

int engine_restart(Engine *engine, EngineNames units, bool dry_run, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_JSON json_t *before = NULL;
	CLEANUP_STATE State state = STATE_INIT;

	if (!document)
		return error_memory(error);
	if (json_put(document, "units", json_array(), error) < 0 ||
		json_put_text(document, "format", format_name, error) < 0 ||
		json_put(document, "done", json_boolean(!dry_run), error) < 0 ||
		state_load(engine->store, &state, error) < 0 ||
		exposure_report(engine, &state, &state.active, &before, error) < 0 ||
		put_planned(document, before, units, error) < 0)
		return -1;
	ledger_note_exposure(engine, &state, before, NULL);
	if (dry_run ? json_put(document, "exposed", json_incref(before), error) < 0
		    : carry_out(engine, &state, units, before, document, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}
