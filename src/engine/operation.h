/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a device can be asked to do, by name: `suture` does it itself, or asks `sutured`, which does the same.
 */

#include "engine/engine.h"

typedef struct Operation {
	const char *name; /* as a method of the D-Bus interface (docs/daemon.md) */
	bool changes;     /* takes the lock: only one such runs at a time */
	/* *ret is a report (docs/reports.md). > 0: ENGINE_NOTHING. */
	int (*run)(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error);
	const char *reporter; /* the operation that reports what it has done; NULL: it does itself */
} Operation;

/* NULL: there is none of this name. */
const Operation *operation_find(const char *name);

/* Opens an engine for it, and runs it. names: the components; for "Show" and "Settings" the one
 * word; for "SetSetting" key and value; for "Restart" units. dry_run: of "Remove" and "Restart", only say
 * what would be done, as "Check" does of an install. */
int operation_run(const Operation *operation, const EngineOptions *options, EngineNames names, bool dry_run,
	json_t **ret, Error *error);
