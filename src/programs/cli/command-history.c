/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static void print_entry(const json_t *entry)
{
	bool arrival = strcmp(field_text(entry, "action"), "install") == 0;

	say("%s  %-8s  %s %s on %s\n", field_time(entry, "time"), field_text(entry, "action"),
		field_text(entry, "component"), field_letter(entry, arrival ? "letter" : "from_letter"),
		field_text(entry, "base_version"));
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *history = NULL;
	size_t index;
	json_t *entry;

	if (ask(settings, "History", operands, false, &history, error) < 0)
		return -1;
	if (settings->json)
		return print_json(history, error);
	if (json_array_size(json_object_get(history, "entries")) == 0)
		say("Nothing was ever installed here.\n");
	json_array_foreach(json_object_get(history, "entries"), index, entry) print_entry(entry);
	return 0;
}

const Command command_history = {
	.name = "history",
	.summary = N_("list what was installed and removed, and when"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run,
};
