/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <stdint.h>

#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static const Option restart_options[] = {
	{"json", 0, OPTION_FLAG, offsetof(Settings, json), NULL, N_("print the report as JSON")},
	{"dry-run", 'n', OPTION_FLAG, offsetof(Settings, dry_run), NULL, N_("only say what would be done")},
};

static void print_outcomes(const json_t *report)
{
	if (json_has(report, "refused"))
		say("Nothing was restarted: %s.\n", field_text(report, "refused"));
	print_restarted(report);
}

static void print_report(const json_t *report)
{
	const json_t *exposed = json_object_get(report, "exposed");
	bool done = json_is_true(json_object_get(report, "done"));
	size_t n = count_exposed(exposed);

	print_outcomes(report);
	if (n == 0)
		print_nobody(exposed);
	else if (done)
		say_count(n, "one process still uses old bytes:\n", "%zu processes still use old bytes:\n");
	print_actions(json_object_get(done ? exposed : report, done ? "actions" : "planned"), "  ");
	print_hidden(exposed, "  ");
	print_unknown(exposed, "");
	if (!done && n > 0)
		say("Nothing was restarted. Without --dry-run it is done.\n");
}

static size_t count_failed(const json_t *report)
{
	size_t index, n = 0;
	json_t *unit;

	json_array_foreach(json_object_get(report, "units"), index, unit)
	{
		n += !json_is_true(json_object_get(unit, "restarted"));
	}
	return n;
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *report = NULL;

	if (ask(settings, "Restart", operands, settings->dry_run, &report, error) < 0)
		return -1;
	if (settings->json && print_json(report, error) < 0)
		return -1;
	if (!settings->json && !settings->quiet)
		print_report(report);
	if (json_has(report, "refused"))
		return EXIT_FAILED;
	if (count_failed(report) > 0)
		return error_set(error, "%s could not be restarted",
			count_text(count_failed(report), "one unit", "%zu units"));
	return 0;
}

const Command command_restart = {
	.name = "restart",
	.operands = "[UNIT...]",
	.max_operands = SIZE_MAX,
	.summary = N_("restart what is exposed and may be restarted; say what is left and why"),
	.options = restart_options,
	.n_options = ARRAY_SIZE(restart_options),
	.run = run,
};
