/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static void print_report(const json_t *report)
{
	const json_t *exposed = json_object_get(report, "exposed");
	size_t index;
	json_t *change;

	json_array_foreach(json_object_get(report, "changes"), index, change)
	{
		say("  reverted %s %s on %s%s%s\n", field_text(change, "component"),
			field_letter(change, "from_letter"), field_text(change, "base_version"),
			json_has(change, "reason") ? ": " : "", field_text(change, "reason"));
		print_advisory_list(json_object_get(change, "open_again"), "    open again: ");
	}
	print_restarted(report);
	if (count_exposed(exposed) > 0) {
		say("\nStill in use:\n");
		print_actions(json_object_get(exposed, "actions"), "  ");
	}
	say("\nIn quarantine until there is a newer letter, or until \"suture install COMPONENT\" asks "
	    "for "
	    "it.\n");
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *report = NULL;

	if (ask(settings, "Revert", operands, false, &report, error) < 0)
		return -1;
	if (settings->json)
		return print_json(report, error);
	if (!settings->quiet)
		print_report(report);
	return 0;
}

static const Option revert_options[] = {
	{"json", 0, OPTION_FLAG, offsetof(Settings, json), NULL, N_("print the report as JSON")},
	{"unattended", 0, OPTION_FLAG, offsetof(Settings, unattended), NULL,
		N_("nobody asks for it: what the policy says of people does not matter")},
	{"reason", 0, OPTION_TEXT, offsetof(Settings, reason), "TEXT",
		N_("what harm it did, for the status")},
};

const Command command_revert = {
	.name = "revert",
	.operands = "COMPONENT...",
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.summary = N_("take off what does harm, restart what used it, and keep it in quarantine"),
	.options = revert_options,
	.n_options = ARRAY_SIZE(revert_options),
	.run = run,
};
