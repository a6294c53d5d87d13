/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Takes off letters that did harm: the base is back in their place, who used their bytes is restarted, and they
 * are in quarantine until there is a newer letter.
 */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/context.h"
#include "engine/exposure.h"
#include "engine/plan.h"
#include "engine/restart.h"
#include "engine/suspension.h"
#include "engine/transaction.h"
#include "parts/overlay/overlay.h"

static const char format_name[] = "suture-revert-1";

/* The letters that go, with the identities of their bytes: looked for once they are off, when neither their
 * manifests nor their images need be there any more. */
typedef struct Leaving {
	Improvements set;
	ExposureTargets targets;
} Leaving;

static void leaving_clear(Leaving *leaving)
{
	exposure_targets_clear(&leaving->targets);
	improvements_clear(&leaving->set);
}
#define CLEANUP_LEAVING __attribute__((cleanup(leaving_clear)))

static int find_leaving(
	const Engine *engine, const State *state, EngineNames components, Leaving *ret, Error *error)
{
	for (size_t i = 0; i < components.count; i++) {
		const Improvement *item = improvements_find(&state->active, components.names[i]);

		if (item && improvements_put(&ret->set, engine->store, &item->manifest_digest, item->installed,
				    error) < 0)
			return -1;
	}
	return exposure_targets_brought(engine, state, &ret->set, &ret->targets, error);
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

/* "units" and "exposed": who was restarted, and who still uses the bytes. */
static int restart_users(const Engine *engine, Leaving *leaving, json_t *document, Error *error)
{
	CLEANUP_JSON json_t *before = NULL;
	json_t *units = json_array(), *after = NULL;

	if (json_put(document, "units", units, error) < 0 ||
		note_current(engine, &leaving->targets, error) < 0 ||
		exposure_of(engine, &leaving->targets, &before, error) < 0 ||
		restart_listed(before, units, error) < 0 ||
		exposure_of(engine, &leaving->targets, &after, error) < 0)
		return -1;
	return json_put(document, "exposed", after, error);
}

static int put_changes(const Transaction *transaction, json_t *document, Error *error)
{
	json_t *changes = json_array();

	if (json_put_text(document, "format", format_name, error) < 0 ||
		json_put(document, "changes", changes, error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->n_changes; i++) {
		json_t *object = json_object();

		if (json_add(changes, object, error) < 0 ||
			plan_change_to_json(&transaction->changes[i], object, error) < 0)
			return -1;
	}
	return 0;
}

int engine_revert(
	Engine *engine, EngineNames components, const char *reason, json_t **ret_report, Error *error)
{
	CLEANUP(transaction_free) Transaction *transaction = NULL;
	CLEANUP_LEAVING Leaving leaving = {.set = IMPROVEMENTS_INIT};
	CLEANUP_JSON json_t *document = json_object();

	if (!document)
		return error_memory(error);
	if (suspension_refuse(engine->root_fd, error) < 0 ||
		transaction_new(engine, components, false, &transaction, error) < 0 ||
		find_leaving(engine, &transaction->state, components, &leaving, error) < 0)
		return -1;
	(void)snprintf(transaction->reason, sizeof(transaction->reason), "%s", reason);
	text_make_printable(transaction->reason);
	if (transaction_run(transaction, EVENT_REVERT, error) < 0)
		return -1;
	if (put_changes(transaction, document, error) < 0 ||
		restart_users(engine, &leaving, document, error) < 0)
		return error_in(error, "it is done, but cannot be reported");
	*ret_report = TAKE_PTR(document);
	return 0;
}
