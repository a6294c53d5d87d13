/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suture-delta: the delta engine by itself.
 */
#include "programs/delta-tool/commands.h"

static const Option common_options[] = {
	{"quiet", 'q', OPTION_FLAG, offsetof(DeltaToolSettings, quiet), NULL, "show no progress"},
};

static const Option diff_options[] = {
	{"fast", 0, OPTION_FLAG, offsetof(DeltaToolSettings, fast), NULL,
		"take half the time; the patch is a little larger"},
};

static const Option info_options[] = {
	{"json", 0, OPTION_FLAG, offsetof(DeltaToolSettings, json), NULL, "print JSON"},
};

static const Command commands[] = {
	{
		.name = "diff",
		.operands = "OLD NEW PATCH",
		.min_operands = 3,
		.max_operands = 3,
		.summary = "make the patch that turns OLD into NEW",
		.options = diff_options,
		.n_options = ARRAY_SIZE(diff_options),
		.run = command_diff,
	},
	{
		.name = "apply",
		.operands = "OLD PATCH NEW",
		.min_operands = 3,
		.max_operands = 3,
		.summary = "make NEW from OLD and the patch",
		.run = command_apply,
	},
	{
		.name = "info",
		.operands = "PATCH [OLD]",
		.min_operands = 1,
		.max_operands = 2,
		.summary =
			"show what a patch is made from and what it makes, and with OLD where its bytes go",
		.options = info_options,
		.n_options = ARRAY_SIZE(info_options),
		.run = command_info,
	},
};

static const Program program = {
	.name = "suture-delta",
	.summary = "Small patches between two versions of a file or of a directory tree",
	.options = common_options,
	.n_options = ARRAY_SIZE(common_options),
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
	.footer = "OLD and NEW are files or directory trees. See suture-delta(1).",
};

int main(int argc, char **argv)
{
	DeltaToolSettings settings = {.quiet = false};

	return options_main(&program, &settings, argc, argv);
}
