/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/operation.h"

#include <string.h>

static const char by_hand[] = "somebody took it off because of harm that it did";

/* The one word; NULL: none was given, or an empty one. */
static const char *word_of(const OperationInput *input)
{
	const char *word = input->names.count > 0 ? input->names.names[0] : "";

	return *word ? word : NULL;
}

static int check(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	return engine_check(engine, input->names, ret, error);
}

static int install(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	return engine_install(engine, input->names, ret, error);
}

static int remove_improvements(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	return engine_remove(engine, input->names, input->dry_run, ret, error);
}

static int revert(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	bool given = input->reason && *input->reason;

	if (input->names.count == 0)
		return error_set(error, "a revert has to be told which components do harm");
	return engine_revert(engine, input->names, given ? input->reason : by_hand, ret, error);
}

static int repair(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	(void)input;
	return engine_repair(engine, ret, error);
}

static int restart(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	return engine_restart(engine, input->names, input->dry_run, ret, error);
}

static int status(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	(void)input;
	return engine_status(engine, ret, error);
}

static int exposed(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	(void)input;
	return engine_exposed(engine, ret, error);
}

static int history(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	(void)input;
	return engine_history(engine, ret, error);
}

static int show(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	const char *what = word_of(input);

	return engine_show(engine, what ? what : "", ret, error);
}

static int receipt(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	return engine_receipt(engine, word_of(input), ret, error);
}

static int vex(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	return engine_vex(engine, word_of(input), ret, error);
}

static int metrics(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	json_t *string;

	(void)input;
	if (engine_metrics(engine, &text, error) < 0)
		return -1;
	string = json_stringn((const char *)text.data, text.size);
	if (!string)
		return error_set(error, "the figures cannot be handed on");
	*ret = string;
	return 0;
}

static int settings(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	return engine_settings(engine, word_of(input), ret, error);
}

static int set_setting(Engine *engine, const OperationInput *input, json_t **ret, Error *error)
{
	(void)ret;
	if (input->names.count != 2)
		return error_set(error, "a setting has a key and a value");
	return engine_set(engine, input->names.names[0], input->names.names[1], error);
}

static const Operation operations[] = {
	{"Check", true, check},
	{"Exposed", false, exposed},
	{"History", false, history},
	{"Install", true, install},
	{"InstallUnattended", true, .run_alone = engine_run_unattended},
	{"Metrics", false, metrics},
	{"Receipt", false, receipt},
	{"Remove", true, remove_improvements},
	{"Repair", true, repair},
	{"Restart", true, restart},
	{"Revert", true, revert},
	{"SetSetting", false, set_setting, .alters = true, .reporter = "Settings"},
	{"Settings", false, settings},
	{"Show", false, show},
	{"Status", false, status},
	{"Vex", false, vex},
};

const Operation *operation_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

static int open_and_run(const Operation *operation, const EngineOptions *options, const OperationInput *input,
	json_t **ret, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;

	if (operation->run_alone)
		return operation->run_alone(options, ret, error);
	/* ENGINE_BUSY has its sentence, too. */
	if (engine_open(options, operation->changes, &engine, error) != 0)
		return -1;
	return operation->run(engine, input, ret, error);
}

int operation_run(const Operation *operation, const EngineOptions *options, const OperationInput *input,
	json_t **ret, Error *error)
{
	EngineOptions own = *options;
	int r;

	own.unattended = input->unattended;
	r = open_and_run(operation, &own, input, ret, error);
	/* What the files say now is read anew. */
	if (r >= 0 && operation->reporter)
		return open_and_run(operation_find(operation->reporter), &own, input, ret, error);
	return r;
}
