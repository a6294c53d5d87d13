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
	return engine_restart(engine, names, dry_run, ret, error);
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

static int settings(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	bool all = names.count == 0 || names.names[0][0] == '\0';

	(void)dry_run;
	return engine_settings(engine, all ? NULL : names.names[0], ret, error);
}

static int set_setting(Engine *engine, EngineNames names, bool dry_run, json_t **ret, Error *error)
{
	(void)dry_run;
	(void)ret;
	if (names.count != 2)
		return error_set(error, "a setting has a key and a value");
	return engine_set(engine, names.names[0], names.names[1], error);
}

static const Operation operations[] = {
	{"Check", true, check},
	{"Exposed", false, exposed},
	{"History", false, history},
	{"Install", true, install},
	{"Remove", true, engine_remove},
	{"Repair", true, repair},
	{"Restart", true, restart},
	{"SetSetting", false, set_setting, "Settings"},
	{"Settings", false, settings},
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

static int open_and_run(const Operation *operation, const EngineOptions *options, EngineNames names,
	bool dry_run, json_t **ret, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;

	if (engine_open(options, operation->changes, &engine, error) < 0)
		return -1;
	return operation->run(engine, names, dry_run, ret, error);
}

int operation_run(const Operation *operation, const EngineOptions *options, EngineNames names, bool dry_run,
	json_t **ret, Error *error)
{
	int r = open_and_run(operation, options, names, dry_run, ret, error);

	/* What the files say now is read anew. */
	if (r >= 0 && operation->reporter)
		return open_and_run(operation_find(operation->reporter), options, names, dry_run, ret, error);
	return r;
}
