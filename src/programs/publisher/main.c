/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdio.h>

#include "programs/publisher/publisher.h"

int publisher_usage(const char *command, const char *missing)
{
	fprintf(stderr, "suture-publish: %s needs %s; see \"suture-publish %s --help\"\n", command, missing,
		command);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const Command commands[] = {
		command_init,
		command_release,
		command_withdraw,
		command_refresh,
		command_verify,
		command_key,
		command_delegate,
		command_serve,
	};
	const Program program = {
		.name = "suture-publish",
		.summary = "Makes improvements and publishes them in a repository",
		.commands = commands,
		.n_commands = ARRAY_SIZE(commands),
		.footer = "A repository is a directory of static files for any web server. Begin with:\n"
			  "  suture-publish init DIR",
	};
	PublisherSettings settings = {.repository = NULL};

	/* File names in packages are UTF-8, whatever the release engineer's terminal speaks. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return options_main(&program, &settings, argc, argv);
}
