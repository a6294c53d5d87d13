/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The commands of `suture`: one file each, one line each in commands.def.
 */

#include <stdbool.h>

#include "base/language.h"
#include "base/options.h"
#include "engine/engine.h"

/* Where the command line's options go. */
typedef struct Settings {
	const char *root, *repository, *state, *trust;
	const char *output, *author, *reason;
	bool json, dry_run, quiet, wait, unattended, daemon, no_daemon;
} Settings;

#define COMMAND(name) extern const Command command_##name;
#include "programs/cli/commands.def"
#undef COMMAND

/* The options of commands that only report. */
extern const Option report_options[];
enum { REPORT_OPTIONS = 1 };

/* What the settings say to the engine. *progress lives as long as the options. */
EngineOptions engine_options(const Settings *settings, Progress *progress);

/* The document as it is: --json. */
int print_json(const json_t *document, Error *error);
