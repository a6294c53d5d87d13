/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suture-watch: watches over what was activated lately, reverts what makes programs crash, and ends when
 * nothing is young any more.
 */
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/options.h"
#include "engine/watch.h"

typedef struct Settings {
	WatchOptions watch;
	bool verbose;
} Settings;

static const Option common_options[] = {
	{"root", 0, OPTION_TEXT, offsetof(Settings, watch.root), "DIR",
		"watch the system below DIR (default: /)"},
	{"state", 0, OPTION_TEXT, offsetof(Settings, watch.state), "DIR",
		"the state directory (default: as configured)"},
	{"verbose", 'v', OPTION_FLAG, offsetof(Settings, verbose), NULL, "tell of each crash that counts"},
};

static void ready(const char *limits)
{
	if (*limits)
		log_warning("%s", limits);
	(void)sd_notifyf(0, "READY=1\nSTATUS=Watching%s%s", *limits ? ", but " : "", limits);
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;

	(void)operands;
	if (settings->verbose)
		log_set_level(LOG_LEVEL_INFO);
	return watch_run(&settings->watch, ready, error) < 0 ? -1 : 0;
}

static const Command commands[] = {
	{
		.name = "run",
		.summary = "watch until nothing is young any more",
		.run = run,
	},
};

static const Program program = {
	.name = "suture-watch",
	.summary = "Reverts an improvement that makes programs crash",
	.options = common_options,
	.n_options = ARRAY_SIZE(common_options),
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
	.footer = "suture-watch.service runs it. See suture-watch(8).",
};

int main(int argc, char **argv)
{
	Settings settings = {.verbose = false};

	(void)umask(022);
	return options_main(&program, &settings, argc, argv);
}
