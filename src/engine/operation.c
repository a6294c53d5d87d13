/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/operation.h"

#include <string.h>

static int check(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)dry_run;
	return engine_check(engine, names, ret, error);
}

static int install(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)dry_run;
	return engine_install(engine, names, ret, error);
}

static int repair(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)names;
	(void)dry_run;
	return engine_repair(engine, ret, error);
}

static int restart(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)names;
	(void)dry_run;
	return engine_restart(engine, ret, error);
}

static int status(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)names;
	(void)dry_run;
	return engine_status(engine, ret, error);
}

static int exposed(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)names;
	(void)dry_run;
	return engine_exposed(engine, ret, error);
}

static int history(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)names;
	(void)dry_run;
	return engine_history(engine, ret, error);
}

static int show(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)dry_run;
	return engine_show(engine, names.count > 0 ? names.names[0] : "", ret, error);
}

static const Operation operations[] = {
	{"Check", true, check},
	{"Exposed", false, exposed},
	{"History", false, history},
	{"Install", true, install},
	{"Remove", true, engine_remove},
	{"Repair", true, repair},
	{"Restart", true, restart},
	{"Show", false, show},
	{"Status", false, status},
};

const Operation *operation_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

int operation_run(const Operation *operation, const EngineOptions *options, EngineNames names, bool dry_run,
	json_t **ret, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;

	if (engine_open(options, operation->changes, &engine, error) < 0)
		return -1;
	return operation->run(engine, names, dry_run, ret, error);
}
