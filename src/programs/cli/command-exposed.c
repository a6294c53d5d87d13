/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *exposed = NULL;

	if (ask(settings, "Exposed", operands, false, &exposed, error) < 0)
		return -1;
	if (settings->json)
		return print_json(exposed, error);
	if (count_exposed(exposed) == 0)
		print_nobody(exposed);
	print_exposed(exposed, "");
	print_actions(json_object_get(exposed, "actions"), "");
	print_unknown(exposed, "");
	if (field_number(exposed, "unreadable") > 0)
		say("Some processes could not be looked into.\n");
	return 0;
}

const Command command_exposed = {
	.name = "exposed",
	.summary = N_("list every process and namespace that still uses replaced bytes"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run,
};
