/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/language.h"
#include "base/version.h"

/* The left half of a help's lines. */
enum { COLUMN = 30 };

/* One command line on its way through the parser. */
typedef struct Parse {
	const Program *program;
	const Command *command; /* NULL until its name has been read */
	void *settings;
	OptionList operands;
	bool help, version, completion;
} Parse;

void option_list_clear(OptionList *list)
{
	free(list->words);
	*list = (OptionList){NULL, 0};
}

static int list_add(OptionList *list, const char *word, Error *error)
{
	const char **words = reallocarray(list->words, list->count + 1, sizeof(*words));

	if (!words)
		return error_memory(error);
	words[list->count++] = word;
	list->words = words;
	return 0;
}

static const Option *find_in(const Option *options, size_t n, const char *name, size_t length, char letter)
{
	for (size_t i = 0; i < n; i++) {
		const Option *option = &options[i];

		if (letter ? option->letter == letter
			   : strlen(option->name) == length && memcmp(option->name, name, length) == 0)
			return option;
	}
	return NULL;
}

static const Option *find_option(const Parse *parse, const char *name, size_t length, char letter)
{
	const Option *option = NULL;

	if (parse->command)
		option = find_in(parse->command->options, parse->command->n_options, name, length, letter);
	if (!option)
		option = find_in(parse->program->options, parse->program->n_options, name, length, letter);
	return option;
}

static const Command *find_command(const Program *program, const char *name)
{
	for (size_t i = 0; i < program->n_commands; i++)
		if (strcmp(program->commands[i].name, name) == 0)
			return &program->commands[i];
	return NULL;
}

static int store_value(const Option *option, void *place, const char *value, Error *error)
{
	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)place = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)place = value;
		return 0;
	case OPTION_LIST:
	case OPTION_REPEATED:
		return list_add(place, value, error);
	}
	return 0;
}

/* "-" alone stands for stdin or stdout. */
static bool looks_like_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* Reads one option with its value or values; *at is its index in argv and is moved to its last word. */
static int read_option(Parse *parse, char **argv, int argc, int *at, Error *error)
{
	const char *word = argv[*at];
	bool is_long = word[1] == '-';
	const char *name = is_long ? word + 2 : word + 1;
	size_t length = is_long ? strcspn(name, "=") : 1;
	const char *value = is_long && name[length] == '=' ? name + length + 1 : NULL;
	const Option *option;
	char *place;

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		parse->help = true;
		return 0;
	}
	if (strcmp(word, "--version") == 0) {
		parse->version = true;
		return 0;
	}
	option = find_option(parse, name, length, is_long ? 0 : word[1]);
	if (!option || (!is_long && word[2] != '\0'))
		return error_set(error, "unknown option %s", word);
	place = (char *)parse->settings + option->offset;
	if (option->kind == OPTION_FLAG) {
		if (value)
			return error_set(error, "option --%s takes no value", option->name);
		return store_value(option, place, NULL, error);
	}
	/* A word that looks like an option is one; a value that does is written behind "=". */
	if (!value && *at + 1 < argc && !looks_like_option(argv[*at + 1]))
		value = argv[++*at];
	if (!value)
		return error_set(error, "option --%s needs a value: --%s=%s", option->name, option->name,
			option->argument);
	if (store_value(option, place, value, error) < 0)
		return -1;
	if (option->kind == OPTION_LIST)
		while (*at + 1 < argc && !looks_like_option(argv[*at + 1]))
			if (list_add((OptionList *)place, argv[++*at], error) < 0)
				return -1;
	return 0;
}

static int read_word(Parse *parse, const char *word, Error *error)
{
	if (parse->command || parse->completion)
		return list_add(&parse->operands, word, error);
	parse->completion = strcmp(word, options_completion.name) == 0;
	parse->command = find_command(parse->program, word);
	if (!parse->command && !parse->completion)
		return error_set(error, "unknown command \"%s\"", word);
	return 0;
}

static int check_operands(const Parse *parse, Error *error)
{
	const Command *command = parse->command;
	size_t count = parse->operands.count;

	if (parse->completion && count != 1)
		return error_set(error, "completion needs one of: bash, zsh, fish");
	if (parse->completion)
		return 0;
	if (!command)
		return error_set(error, "no command given");
	if (count > command->max_operands)
		return error_set(error, "%s: unexpected \"%s\"", command->name,
			parse->operands.words[command->max_operands]);
	if (count < command->min_operands)
		return error_set(error, "%s needs %s", command->name, command->operands);
	return 0;
}

static int read_line(Parse *parse, int argc, char **argv, Error *error)
{
	bool options = true;

	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && looks_like_option(argv[i])) {
			if (read_option(parse, argv, argc, &i, error) < 0)
				return -1;
		} else if (read_word(parse, argv[i], error) < 0) {
			return -1;
		}
	}
	return parse->help || parse->version ? 0 : check_operands(parse, error);
}

static void clear_lists(const Option *options, size_t n, void *settings)
{
	for (size_t i = 0; i < n; i++)
		if (options[i].kind == OPTION_LIST || options[i].kind == OPTION_REPEATED)
			option_list_clear((OptionList *)((char *)settings + options[i].offset));
}

static int run_line(Parse *parse, Error *error)
{
	if (parse->version) {
		printf("%s %s\n", parse->program->name, SUTURE_VERSION);
		return 0;
	}
	if (parse->help) {
		options_print_help(parse->program, parse->command, stdout);
		return 0;
	}
	if (parse->completion)
		return options_print_completion(parse->program, parse->operands.words[0], stdout, error);
	return parse->command->run(parse->settings, &parse->operands, error);
}

int options_main(const Program *program, void *settings, int argc, char **argv)
{
	Parse parse = {.program = program, .settings = settings};
	Error error = ERROR_INIT;
	int code;

	if (argc <= 1) {
		options_print_help(program, NULL, stderr);
		return EXIT_USAGE;
	}
	if (read_line(&parse, argc, argv, &error) < 0) {
		fprintf(stderr, _("%s: %s; see \"%s%s%s --help\"\n"), program->name, error_words(&error),
			program->name, parse.command ? " " : "", parse.command ? parse.command->name : "");
		code = EXIT_USAGE;
	} else {
		code = run_line(&parse, &error);
		if (code < 0) {
			(void)fflush(stdout);
			fprintf(stderr, "%s: %s\n", program->name, error_words(&error));
			code = EXIT_FAILED;
		} else if (fflush(stdout) != 0 || ferror(stdout)) {
			fprintf(stderr, _("%s: cannot write the output\n"), program->name);
			code = EXIT_FAILED;
		}
	}
	clear_lists(program->options, program->n_options, settings);
	if (parse.command)
		clear_lists(parse.command->options, parse.command->n_options, settings);
	option_list_clear(&parse.operands);
	return code;
}

/* What is too long for its column has a line of its own. */
static void print_row(const char *left, const char *help, FILE *out)
{
	if (strlen(left) > COLUMN)
		fprintf(out, "  %s\n  %-*s %s\n", left, COLUMN, "", help);
	else
		fprintf(out, "  %-*s %s\n", COLUMN, left, help);
}

static void print_options(const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		char left[64];
		const Option *option = &options[i];
		const char *more = option->kind == OPTION_LIST ? "..." : "";

		(void)snprintf(left, sizeof(left), "%c%c%s--%s%s%s%s", option->letter ? '-' : ' ',
			option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
			option->argument ? "=" : "", option->argument ? option->argument : "", more);
		print_row(left, _(option->help), out);
	}
}

static void print_command(const Command *command, FILE *out)
{
	char left[96];

	(void)snprintf(left, sizeof(left), "%s%s%s", command->name, command->operands ? " " : "",
		command->operands ? command->operands : "");
	print_row(left, _(command->summary), out);
}

void options_print_help(const Program *program, const Command *command, FILE *out)
{
	if (command) {
		fprintf(out, _("Usage: %s %s%s%s%s\n\n%s %s: %s.\n"), program->name, command->name,
			command->n_options ? _(" [OPTION...]") : "", command->operands ? " " : "",
			command->operands ? command->operands : "", program->name, command->name,
			_(command->summary));
		if (command->n_options)
			fprintf(out, _("\nOptions:\n"));
		print_options(command->options, command->n_options, out);
	} else {
		fprintf(out, _("Usage: %s [OPTION...] COMMAND [OPERAND...]\n\n%s.\n\nCommands:\n"),
			program->name, _(program->summary));
		for (size_t i = 0; i < program->n_commands; i++)
			print_command(&program->commands[i], out);
		print_command(&options_completion, out);
	}
	fprintf(out, "\n%s:\n", command ? _("Common options") : _("Options"));
	print_options(program->options, program->n_options, out);
	print_row("-h, --help", _("show this help, or that of a command"), out);
	print_row("    --version", _("show the version"), out);
	if (!command && program->footer)
		fprintf(out, "\n%s\n", _(program->footer));
}
