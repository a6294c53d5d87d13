/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/closure.h"

#include <string.h>
#include <unistd.h>

#include "engine/boot-report.h"
#include "engine/context.h"
#include "engine/exposure.h"
#include "engine/ledger-update.h"
#include "parts/overlay/overlay.h"

void closure_clear(Closure *closure)
{
	state_clear(&closure->state);
	json_decref(closure->exposed);
	json_decref(closure->boot);
	ledger_clear(&closure->ledger);
	*closure = CLOSURE_INIT;
}

static bool shows_all(const Closure *closure)
{
	return closure->mounted == closure->state.generation;
}

bool closure_shows(const Closure *closure, const Digest *manifest)
{
	return shows_all(closure) ||
	       (closure->mounted > 0 && boot_report_is_of(closure->boot, closure->mounted) &&
		       boot_report_names(closure->boot, manifest));
}

int closure_look(const Engine *engine, Closure *ret, Error *error)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;
	const State *state = &closure.state;

	if (state_load(engine->store, &closure.state, error) < 0 ||
		overlay_current(engine->root, &closure.mounted, error) < 0)
		return -1;
	/* A report that cannot be read says nothing. */
	(void)boot_report_of_root(engine->root, &closure.boot, NULL);
	closure.looked = geteuid() == 0 && shows_all(&closure);
	if ((closure.looked ? exposure_report(engine, state, &state->active, &closure.exposed, error)
			    : exposure_unseen(&closure.exposed, error)) < 0 ||
		ledger_observe(engine, state, closure.exposed, NULL, &closure.ledger, error) < 0)
		return -1;
	*ret = closure;
	closure = CLOSURE_INIT;
	return 0;
}

static size_t count_in_census(const json_t *exposed, const char *component)
{
	size_t index, n = 0;
	json_t *process;

	json_array_foreach(json_object_get(exposed, "processes"), index, process)
	{
		size_t place;
		json_t *name;

		json_array_foreach(json_object_get(process, "components"), place, name) n +=
			strcmp(json_string_value(name), component) == 0;
	}
	return n;
}

size_t closure_count_exposed(const Closure *closure, const LedgerEntry *entry)
{
	return closure->looked ? count_in_census(closure->exposed, entry->component) : ledger_exposed(entry);
}

/* Does what the last census saw still hold? While only a part is shown, none is taken. */
static bool is_known(const Closure *closure)
{
	return closure->looked ? json_is_true(json_object_get(closure->exposed, "complete"))
			       : shows_all(closure);
}

ClosureVerdict closure_judge(const Closure *closure, const LedgerEntry *entry)
{
	if (entry->gone > 0)
		return CLOSURE_GONE;
	if (!closure_shows(closure, &entry->manifest))
		return CLOSURE_INACTIVE;
	if (closure_count_exposed(closure, entry) > 0)
		return CLOSURE_EXPOSED;
	return entry->protected_since > 0 && is_known(closure) ? CLOSURE_PROTECTED : CLOSURE_UNKNOWN;
}

const char *closure_verdict_name(ClosureVerdict verdict)
{
	static const char *const names[] = {
		[CLOSURE_GONE] = "gone",
		[CLOSURE_INACTIVE] = "inactive",
		[CLOSURE_EXPOSED] = "exposed",
		[CLOSURE_UNKNOWN] = "unknown",
		[CLOSURE_PROTECTED] = "protected",
	};

	return names[verdict];
}
