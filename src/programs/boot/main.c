/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suture-boot: shows in /usr what is installed, before anything else is started. It never fails a boot: what
 * is wrong goes to the kernel's log, and /usr shows the base.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/options.h"
#include "engine/boot.h"

static const Option common_options[] = {
	{"root", 0, OPTION_TEXT, offsetof(BootOptions, root), "DIR",
		"work on the system below DIR (default: /)"},
	{"run", 0, OPTION_TEXT, offsetof(BootOptions, run), "DIR",
		"leave the report here (default: run below the root)"},
};

/* One write is one record; the kernel takes at most about a thousand bytes. Where there is no such log, as in
 * a container, people read stderr. */
static void say(const char *sentence)
{
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	char line[900];
	ssize_t n = -1;

	if (kmsg >= 0) {
		(void)snprintf(line, sizeof(line), "<3>suture-boot: %s", sentence);
		n = write(kmsg, line, strlen(line));
		(void)close(kmsg);
	}
	if (n < 0)
		(void)fprintf(stderr, "suture-boot: %s\n", sentence);
}

static void say_problem(const json_t *problem)
{
	const char *component = json_string_value(json_object_get(problem, "component"));
	const char *letter = json_string_value(json_object_get(problem, "letter"));
	const char *reason = json_string_value(json_object_get(problem, "reason"));
	char line[900];

	if (component && letter)
		(void)snprintf(line, sizeof(line), "%s (%s) is not active: %s", component, letter, reason);
	say(component && letter ? line : reason);
}

static int run_activate(void *settings, const OptionList *operands, Error *error)
{
	CLEANUP_JSON json_t *report = NULL;
	size_t index;
	json_t *problem;

	(void)operands;
	if (boot_activate(settings, &report, error) < 0)
		say(error->text);
	json_array_foreach(json_object_get(report, "problems"), index, problem) say_problem(problem);
	return 0;
}

static int run_complete(void *settings, const OptionList *operands, Error *error)
{
	(void)operands;
	if (boot_complete(settings, error) < 0)
		return error_in(error, "this boot proves nothing about what is on trial");
	return 0;
}

static const Command commands[] = {
	{
		.name = "activate",
		.summary = "make /usr show what is installed; silent when it does",
		.run = run_activate,
	},
	{
		.name = "complete",
		.summary = "the system is up: what was on trial is proven, if nothing has failed",
		.run = run_complete,
	},
};

static const Program program = {
	.name = "suture-boot",
	.summary = "What Suture does when a system boots",
	.options = common_options,
	.n_options = ARRAY_SIZE(common_options),
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
	.footer = "The initramfs and two systemd units run it. See suture-boot(8).",
};

int main(int argc, char **argv)
{
	BootOptions options = {.root = NULL};

	(void)umask(022);
	return options_main(&program, &options, argc, argv);
}
