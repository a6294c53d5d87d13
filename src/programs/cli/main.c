/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>

#include "programs/cli/commands.h"

static const Option common_options[] = {
	{"root", 0, OPTION_TEXT, offsetof(Settings, root), "DIR",
		N_("work on the system below DIR (default: /)")},
	{"repository", 0, OPTION_TEXT, offsetof(Settings, repository), "URL",
		N_("take improvements from this repository")},
	{"state", 0, OPTION_TEXT, offsetof(Settings, state), "DIR",
		N_("keep state here (default: var/lib/suture below the root)")},
	{"trust", 0, OPTION_TEXT, offsetof(Settings, trust), "FILE", N_("trust this root metadata at first")},
	{"daemon", 0, OPTION_FLAG, offsetof(Settings, daemon), NULL,
		N_("have sutured do it, and fail where it cannot be asked")},
	{"no-daemon", 0, OPTION_FLAG, offsetof(Settings, no_daemon), NULL,
		N_("do it in this process, as root, without asking sutured")},
	{"quiet", 'q', OPTION_FLAG, offsetof(Settings, quiet), NULL, N_("say only what is wrong")},
};

const Option report_options[REPORT_OPTIONS] = {
	{"json", 0, OPTION_FLAG, offsetof(Settings, json), NULL, N_("print the report as JSON")},
};

EngineOptions engine_options(const Settings *settings, Progress *progress)
{
	*progress = progress_on(settings->quiet || settings->json ? NULL : stderr);
	return (EngineOptions){
		.root = settings->root,
		.repository = settings->repository,
		.state = settings->state,
		.trust = settings->trust,
		.progress = progress,
	};
}

int print_json(const json_t *document, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (json_write(document, &text, error) < 0)
		return -1;
	(void)fwrite(text.data, 1, text.size, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const Command commands[] = {
#define COMMAND(name) command_##name,
#include "programs/cli/commands.def"
#undef COMMAND
	};
	const Program program = {
		.name = "suture",
		.summary = N_("Security fixes between releases: small, signed, in place, without a reboot"),
		.options = common_options,
		.n_options = ARRAY_SIZE(common_options),
		.commands = commands,
		.n_commands = ARRAY_SIZE(commands),
		.footer = N_("Start with \"suture status\". The manual: suture(1)."),
	};
	Settings settings = {.root = NULL};

	language_start();
	/* Everybody may read what is installed, whatever the umask of the root who installs it. */
	(void)umask(022);
	/* Output cut off by a closed pipe is reported like any other failed write. */
	(void)signal(SIGPIPE, SIG_IGN);
	return options_main(&program, &settings, argc, argv);
}
