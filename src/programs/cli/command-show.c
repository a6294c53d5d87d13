/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static void print_change(const json_t *change)
{
	const char *type = field_text(change, "type");
	bool removed = strcmp(type, "removed") == 0;
	bool regular = strcmp(type, "file") == 0;
	char size[TEXT_SIZE_MAX];

	printf("    %-8s %s%s%s\n",
		removed                                        ? "removes"
		: json_is_true(json_object_get(change, "new")) ? "adds"
							       : "replaces",
		field_text(change, "path"), regular ? ", " : "",
		regular ? text_size(field_number(change, "size"), size) : "");
}

static void print_improvement(const json_t *improvement)
{
	size_t index;
	json_t *change;

	printf("%s\n", field_text(improvement, "title"));
	say("  brings     %s\n", field_text(improvement, "fixed_version"));
	say("  released   %s\n", field_time(improvement, "released"));
	if (json_has(improvement, "installed"))
		say("  installed  %s\n", field_time(improvement, "installed"));
	if (json_has(improvement, "waits"))
		say("  waits      %s\n", field_text(json_object_get(improvement, "waits"), "why"));
	if (json_has(improvement, "pinned"))
		say("  held       %s: no later letter is installed\n", field_text(improvement, "pinned"));
	if (json_array_size(json_object_get(improvement, "advisories")) > 0)
		say("  fixes\n");
	print_advisories(improvement, "    ");
	say("  changes\n");
	json_array_foreach(json_object_get(improvement, "changes"), index,
		change) if (strcmp(field_text(change, "type"), "directory") != 0) print_change(change);
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *report = NULL;
	size_t index;
	json_t *improvement;

	if (ask(settings, "Show", operands, false, &report, error) < 0)
		return -1;
	if (settings->json)
		return print_json(report, error);
	json_array_foreach(json_object_get(report, "improvements"), index, improvement)
		print_improvement(improvement);
	json_array_foreach(json_object_get(report, "quarantined"), index, improvement)
		say("%s %s is in quarantine since %s: %s\n", field_text(improvement, "component"),
			field_letter(improvement, "letter"), field_time(improvement, "time"),
			field_text(improvement, "reason"));
	return 0;
}

const Command command_show = {
	.name = "show",
	.operands = "COMPONENT|CVE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = N_("show an improvement: what it fixes, which files it changes, and why it is not "
		      "installed yet"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run,
};
