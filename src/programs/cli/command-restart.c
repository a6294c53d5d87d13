/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static void print_report(const json_t *report)
{
	const json_t *exposed = json_object_get(report, "exposed");
	size_t index;
	json_t *unit;

	json_array_foreach(json_object_get(report, "units"), index, unit)
	{
		if (json_is_true(json_object_get(unit, "restarted")))
			printf("  restarted %s\n", field_text(unit, "unit"));
		else
			printf("  could not restart %s: %s\n", field_text(unit, "unit"),
				field_text(unit, "error"));
	}
	if (count_exposed(exposed) == 0) {
		printf("Nothing is exposed.\n");
		return;
	}
	printf("Left for you:\n");
	print_exposed(exposed, "  ");
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *report = NULL;

	if (ask(settings, "Restart", operands, false, &report, error) < 0)
		return -1;
	if (settings->json)
		return print_json(report, error);
	print_report(report);
	return 0;
}

const Command command_restart = {
	.name = "restart",
	.summary = "restart the exposed services that may be restarted; say what is left and why",
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run,
};
