/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "programs/publisher/publisher.h"

int publisher_usage(const char *command, const char *missing)
{
	fprintf(stderr, "suture-publish: %s needs %s; see \"suture-publish %s --help\"\n", command, missing,
		command);
	return EXIT_USAGE;
}

int publisher_misfit(const char *command, const char *option)
{
	fprintf(stderr, "suture-publish: --%s does not go with %s; see \"suture-publish %.*s --help\"\n",
		option, command, (int)strcspn(command, " "), command);
	return EXIT_USAGE;
}

static bool is_given(const PublisherSettings *settings, const Option *option)
{
	const void *place = (const char *)settings + option->offset;

	switch (option->kind) {
	case OPTION_FLAG:
		return *(const bool *)place;
	case OPTION_TEXT:
		return *(const char *const *)place;
	case OPTION_LIST:
	case OPTION_REPEATED:
		return ((const OptionList *)place)->count > 0;
	}
	return false;
}

const char *publisher_find_misfit(
	const PublisherSettings *settings, const Command *command, const char *const *fitting)
{
	for (size_t i = 0; i < command->n_options; i++) {
		const char *const *fits = fitting;

		while (*fits && strcmp(*fits, command->options[i].name) != 0)
			fits++;
		if (!*fits && is_given(settings, &command->options[i]))
			return command->options[i].name;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const Command commands[] = {
		command_init,
		command_release,
		command_withdraw,
		command_rollout,
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
