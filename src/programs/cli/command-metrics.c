/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"

enum { FILE_MODE = 0644 };

static const char suffix[] = ".prom";

static const Option options[] = {
	{"output", 'o', OPTION_TEXT, offsetof(Settings, output), "FILE",
		N_("replace FILE.prom, for node_exporter, instead of printing")},
};

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *text = NULL;

	/* The collector passes over everything else, without a word. */
	if (settings->output && !text_has_suffix(settings->output, suffix))
		return error_set(error, "%s does not end with %s: node_exporter would not read it",
			settings->output, suffix);
	if (ask(settings, "Metrics", operands, false, &text, error) < 0)
		return -1;
	if (settings->output)
		return file_replace(
			AT_FDCWD, settings->output, bytes_of_text(json_string_value(text)), FILE_MODE, error);
	(void)fputs(json_string_value(text), stdout);
	return 0;
}

const Command command_metrics = {
	.name = "metrics",
	.summary = N_("print how far closures have come as OpenMetrics text, or keep a file with it"),
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
