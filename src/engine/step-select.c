/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Decides what is taken off: the components asked for, or all; and what the base has left behind, because the
 * rest is activated anew.
 */

#include <string.h>

#include "base/log.h"
#include "engine/history.h"
#include "engine/plan.h"
#include "engine/transaction.h"
#include "parts/overlay/overlay.h"

static int drop(Transaction *transaction, const char *component, Error *error)
{
	Error why = ERROR_INIT;
	bool known = false;

	if (improvements_find(&transaction->goal, component)) {
		improvements_drop(&transaction->goal, component);
		return 0;
	}
	if (history_knows(transaction->engine->store, component, &known, &why) < 0) {
		log_warning("whether %s ever was active is not known: %s", component, why.text);
		return 0;
	}
	/* Removing twice is no mistake; a misspelt name is one. */
	return known ? 0
		     : error_set(error,
			       "no improvement of \"%s\" is active or ever was; \"suture status\" "
			       "lists what is",
			       component);
}

int step_select(Transaction *transaction, Error *error)
{
	uint64_t mounted = 0;

	if (transaction->components.count > 0 &&
		improvements_copy(&transaction->state.active, transaction->engine->store, &transaction->goal,
			error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->components.count; i++)
		if (drop(transaction, transaction->components.names[i], error) < 0)
			return -1;
	if (plan_drop_retired(transaction, error) < 0 ||
		overlay_current(transaction->engine->root, &mounted, error) < 0 ||
		plan_changes(transaction, error) < 0)
		return -1;
	if (transaction->n_changes == 0 && mounted == transaction->state.generation)
		return STEP_NOTHING;
	return 0;
}
