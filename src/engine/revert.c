/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Takes off letters that did harm: the base is back in their place, who used their bytes is restarted, and
 * they are in quarantine until there is a newer letter.
 */

#include <stdio.h>

#include "base/text.h"
#include "engine/context.h"
#include "engine/leaving.h"
#include "engine/plan.h"
#include "engine/policy.h"
#include "engine/suspension.h"
#include "engine/transaction.h"

static const char format_name[] = "suture-revert-1";

static int find_leaving(
	const Engine *engine, const State *state, EngineNames components, Leaving *ret, Error *error)
{
	for (size_t i = 0; i < components.count; i++) {
		const Improvement *item = improvements_find(&state->active, components.names[i]);

		if (item && improvements_put(&ret->set, engine->store, &item->manifest_digest,
				    item->installed, error) < 0)
			return -1;
	}
	return leaving_note(engine, state, ret, error);
}

/* "units" and "exposed": who was restarted, and who still uses the bytes. */
static int restart_users(const Engine *engine, Leaving *leaving, json_t *document, Error *error)
{
	json_t *units = NULL, *exposed = NULL;

	if (leaving_restart_users(engine, leaving, &units, &exposed, error) < 0)
		return -1;
	if (json_put(document, "units", units, error) < 0) {
		json_decref(exposed);
		return -1;
	}
	return json_put(document, "exposed", exposed, error);
}

int engine_revert(
	Engine *engine, EngineNames components, const char *reason, json_t **ret_report, Error *error)
{
	CLEANUP(transaction_free) Transaction *transaction = NULL;
	CLEANUP_LEAVING Leaving leaving = {.set = IMPROVEMENTS_INIT};
	CLEANUP_JSON json_t *document = json_object();

	if (!document)
		return error_memory(error);
	/* Harm is not to wait until somebody has mended a policy. */
	if ((!engine->unattended && policy_check_removal(&engine->config, error) < 0) ||
		suspension_refuse(engine->root_fd, error) < 0 ||
		transaction_new(engine, components, false, &transaction, error) < 0 ||
		find_leaving(engine, &transaction->state, components, &leaving, error) < 0)
		return -1;
	(void)snprintf(transaction->reason, sizeof(transaction->reason), "%s", reason);
	text_make_printable(transaction->reason);
	if (transaction_run(transaction, EVENT_REVERT, error) < 0)
		return -1;
	if (json_put_text(document, "format", format_name, error) < 0 ||
		plan_put_changes(transaction, document, error) < 0 ||
		restart_users(engine, &leaving, document, error) < 0)
		return error_in(error, "it is done, but cannot be reported");
	*ret_report = TAKE_PTR(document);
	return 0;
}
