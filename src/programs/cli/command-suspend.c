/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * suspend and resume: around a package manager's work, which their output is in the middle of.
 */

#include <string.h>
#include <unistd.h>

#include "programs/cli/commands.h"
#include "programs/cli/text.h"

/* A transaction of another suture may have to fetch something first. */
enum { PATIENCE_MS = 60 * 60 * 1000 };

static const Option resume_options[] = {
	{"wait", 0, OPTION_FLAG, offsetof(Settings, wait), NULL,
		N_("wait until no package manager is at work")},
};

static int run_suspend(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;

	(void)operands;
	return engine_suspend(settings->root, error);
}

static void print_retired(const json_t *plan)
{
	size_t index;
	json_t *change;

	json_array_foreach(json_object_get(plan, "changes"), index, change)
		say("suture: %s %s retired: the base has moved on from %s\n", field_text(change, "component"),
			field_letter(change, "from_letter"), field_text(change, "base_version"));
}

static int run_resume(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	EngineOptions options = {.root = settings->root,
		.repository = settings->repository,
		.state = settings->state,
		.trust = settings->trust,
		.lock_wait_ms = settings->wait ? PATIENCE_MS : 0};
	CLEANUP_JSON json_t *plan = NULL;
	int r;

	(void)operands;
	/* Whoever waits for the end of a pipe that a package manager left open here would be waited for. */
	if (settings->wait)
		(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	do {
		if (settings->wait && engine_wait(settings->root, error) < 0)
			return -1;
		r = engine_resume(&options, &plan, error);
	} while (r == ENGINE_AT_WORK && settings->wait);
	if (r < 0)
		return error_in(error, "not all improvements are active again");
	if (!settings->quiet)
		print_retired(plan);
	return 0;
}

const Command command_suspend = {
	.name = "suspend",
	.summary = N_("for package managers: show the base, and nothing else, while they work on it"),
	.run = run_suspend,
};

const Command command_resume = {
	.name = "resume",
	.summary = N_("for package managers: activate again what fits the base, retire the rest"),
	.options = resume_options,
	.n_options = ARRAY_SIZE(resume_options),
	.run = run_resume,
};
