/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/file.h"
#include "base/log.h"
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"

enum { FILE_MODE = 0644 };

static const Option options[] = {
	{"author", 0, OPTION_TEXT, offsetof(Settings, author), "WHO",
		N_("who states it: a person or an organization (default: the administrator of this system)")},
	{"output", 'o', OPTION_TEXT, offsetof(Settings, output), "FILE",
		N_("replace FILE instead of printing")},
};

static int write_file(const char *path, const json_t *document, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (json_write(document, &text, error) < 0)
		return -1;
	return file_replace(AT_FDCWD, path, buffer_bytes(&text), FILE_MODE, error);
}

/* The format has no empty document, and an old one must not go on saying what is no longer so. */
static int say_nothing(const Settings *settings, Error *error)
{
	if (!settings->quiet)
		log_warning("nothing that is installed fixes an advisory: there is nothing to state");
	return settings->output ? file_remove(AT_FDCWD, settings->output, error) : 0;
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	const char *words[] = {settings->author};
	const OptionList author = {words, settings->author ? 1 : 0};
	CLEANUP_JSON json_t *document = NULL;
	int r;

	(void)operands;
	r = ask(settings, "Vex", &author, false, &document, error);
	if (r < 0)
		return -1;
	if (r == ENGINE_NOTHING)
		return say_nothing(settings, error);
	return settings->output ? write_file(settings->output, document, error) : print_json(document, error);
}

const Command command_vex = {
	.name = "vex",
	.summary = N_("state which advisories are closed here, as an OpenVEX document for scanners"),
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
