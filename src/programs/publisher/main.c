/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "programs/publisher/publisher.h"

int publisher_require(const char *value, const char *option, Error *error)
{
	return value ? 0 : error_set(error, "say --%s", option);
}

int main(int argc, char **argv)
{
	const Command commands[] = {
		command_init,
		command_release,
		command_withdraw,
		command_refresh,
		command_verify,
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
