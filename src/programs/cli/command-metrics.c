/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
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
	CLEANUP(engine_free) Engine *engine = NULL;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	(void)operands;
	/* The collector passes over everything else, without a word. */
	if (settings->output && !text_has_suffix(settings->output, suffix))
		return error_set(error, "%s does not end with %s: node_exporter would not read it",
			settings->output, suffix);
	if (open_engine(settings, &engine, error) < 0 || engine_metrics(engine, &text, error) < 0)
		return -1;
	if (settings->output)
		return file_replace(AT_FDCWD, settings->output, buffer_bytes(&text), FILE_MODE, error);
	(void)fwrite(text.data, 1, text.size, stdout);
	return 0;
}

const Command command_metrics = {
	.name = "metrics",
	.summary = N_("print how far closures have come as OpenMetrics text, or keep a file with it"),
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
