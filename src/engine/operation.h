/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a device can be asked to do, by name: `suture` does it itself, or asks `sutured`, which does the same.
 */

#include "engine/engine.h"

/* What is said with it; each operation takes its part. Names: components, or for "Restart" units; for "Show",
 * "Receipt" and "Settings" the one word, for "Vex" the author; for "SetSetting" key and value. */
typedef struct OperationInput {
	EngineNames names;
	const char *reason; /* of "Revert"; NULL or "": none is given */
	bool dry_run;       /* of "Remove" and "Restart": only say what would be done, as "Check" does */
	bool unattended;    /* of "Revert": see EngineOptions */
} OperationInput;

typedef struct Operation {
	const char *name; /* as a method of the D-Bus interface (docs/daemon.md) */
	bool changes;     /* takes the lock: only one such runs at a time */
	/* *ret is a report (docs/reports.md), that of "Metrics" a JSON string. > 0: ENGINE_NOTHING, for which
	 * "Vex" has no report. */
	int (*run)(Engine *engine, const OperationInput *input, json_t **ret, Error *error);
	/* In place of run, of one that opens engines itself, when it finds that it needs them. */
	int (*run_alone)(const EngineOptions *options, json_t **ret, Error *error);
	bool alters;          /* without the lock what "Status" shows */
	const char *reporter; /* the operation that reports what it has done; NULL: it does itself */
} Operation;

/* NULL: there is none of this name. */
const Operation *operation_find(const char *name);

/* Opens an engine for it, and runs it. What options say of unattended does not matter: input does. */
int operation_run(const Operation *operation, const EngineOptions *options, const OperationInput *input,
	json_t **ret, Error *error);
