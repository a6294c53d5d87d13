/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Command lines from tables. One table gives the parser, `--help`, and the completions for bash, zsh and
 * fish; the manual pages' synopses are held against it by a test.
 *
 *     program [COMMON OPTION…] COMMAND [OPTION…] [OPERAND…]
 *
 * Options may stand before and after the command and its operands; "--" ends them. Both --name=VALUE and
 * --name VALUE work. Values are written into a settings structure at the option's offset.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef enum OptionKind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char *, the last one wins */
	OPTION_LIST,     /* OptionList; may be repeated, and takes all words up to the next option */
	OPTION_REPEATED, /* OptionList; may be repeated, one word each */
} OptionKind;

typedef struct Option {
	const char *name; /* without dashes */
	char letter;      /* 0 for none */
	OptionKind kind;
	size_t offset;        /* into the settings */
	const char *argument; /* "FILE"; NULL for a flag. FILE, DIR and PATCH complete as paths, "yes|no" as
				 words */
	const char *help;
} Option;

/* Words of argv; the array is owned, the words are not. */
typedef struct OptionList {
	const char **words;
	size_t count;
} OptionList;

void option_list_clear(OptionList *list);

typedef struct Command {
	const char *name;
	const char *operands; /* "[COMPONENT…]", "new|show FILE", or NULL when it takes none */
	size_t min_operands, max_operands;
	const char *summary; /* one line, lower case, no full stop */
	const Option *options;
	size_t n_options;
	/* Returns < 0 failed with an error, otherwise the exit code. */
	int (*run)(void *settings, const OptionList *operands, Error *error);
	/* For completions, when an operand may be KEY=VALUE: the keys, NULL behind the last. May be NULL. */
	const char *(*key)(size_t index);
} Command;

typedef struct Program {
	const char *name;
	const char *summary;
	const Option *options; /* common to all commands */
	size_t n_options;
	const Command *commands;
	size_t n_commands;
	const char *footer; /* printed at the end of --help; may be NULL */
} Program;

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* The whole life of a command line: parses, runs, and reports an error as one line "PROGRAM: sentence" on
 * stderr. Returns the exit code: 0 done, 1 failed, 2 usage. `--help`, `--version` and the command
 * `completion SHELL` come with it. settings is zeroed by the caller; lists in it are cleared here. */
int options_main(const Program *program, void *settings, int argc, char **argv);

void options_print_help(const Program *program, const Command *command, FILE *out);

/* The command that every program has beside those in its table, to print one. It has no run. */
extern const Command options_completion;

/* A completion script for "bash", "zsh" or "fish". */
int options_print_completion(const Program *program, const char *shell, FILE *out, Error *error);
