/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/language.h"
#include "base/options.h"

const Command options_completion = {
	.name = "completion",
	.operands = "bash|zsh|fish",
	.summary = N_("print a completion script"),
};

static size_t count_commands(const Program *program)
{
	return program->n_commands + 1;
}

static const Command *command_at(const Program *program, size_t i)
{
	return i < program->n_commands ? &program->commands[i] : &options_completion;
}

static void print_command_names(const Program *program, FILE *out)
{
	for (size_t i = 0; i < count_commands(program); i++)
		fprintf(out, "%s%s", i > 0 ? " " : "", command_at(program, i)->name);
}

static void print_keys(const Command *command, FILE *out)
{
	const char *key;

	for (size_t i = 0; command->key && (key = command->key(i)); i++)
		fprintf(out, " %s=", key);
}

/* FILE, "[FILE...]" */
static bool takes_path(const char *argument)
{
	static const char *const words[] = {"FILE", "DIR", "PATCH"};

	for (size_t i = 0; argument && i < ARRAY_SIZE(words); i++)
		if (strstr(argument, words[i]))
			return true;
	return false;
}

/* Words that are no option's first value: operands, or further ones of a list. */
static bool has_path_words(const Command *command)
{
	for (size_t i = 0; i < command->n_options; i++)
		if (command->options[i].kind == OPTION_LIST && takes_path(command->options[i].argument))
			return true;
	return takes_path(command->operands);
}

/* "yes|no" are words to choose from, as is the beginning of "new|show [FILE...]"; capitals stand for
 * something else. Gives their length, 0 when there are none. */
static size_t choices(const char *argument)
{
	size_t length = argument ? strspn(argument, "abcdefghijklmnopqrstuvwxyz-|") : 0;

	return length > 0 && memchr(argument, '|', length) ? length : 0;
}

static void print_choices(const char *argument, FILE *out)
{
	for (size_t i = 0, length = choices(argument); i < length; i++)
		fputc(argument[i] == '|' ? ' ' : argument[i], out);
}

static void bash_words(const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, " --%s%s", options[i].name, options[i].argument ? "=" : "");
}

static void bash_taking(const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		if (options[i].argument)
			fprintf(out, " --%s", options[i].name);
		if (options[i].argument && options[i].letter)
			fprintf(out, " -%c", options[i].letter);
	}
}

static void bash_command(const Command *command, FILE *out)
{
	fprintf(out, "\t%s)\n\t\twords+=\"", command->name);
	bash_words(command->options, command->n_options, out);
	print_keys(command, out);
	if (choices(command->operands) > 0)
		fputc(' ', out);
	print_choices(command->operands, out);
	fprintf(out, "\"\n\t\ttaking+=\"");
	bash_taking(command->options, command->n_options, out);
	fprintf(out, "\"\n");
	for (size_t i = 0; i < command->n_options; i++) {
		if (choices(command->options[i].argument) == 0)
			continue;
		fprintf(out, "\t\t[[ $before == --%s ]] && values=\"", command->options[i].name);
		print_choices(command->options[i].argument, out);
		fprintf(out, "\"\n");
	}
	fprintf(out, "\t\t;;\n");
}

/* The command is the first word that is one, since values of options may stand before it; bash makes a word
 * of its own of the "=" in --name=VALUE. */
static void bash_begin(const Program *program, FILE *out)
{
	fprintf(out, "_suture_completion() {\n"
		     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
		     "\tlocal command= words taking values= i commands=\"");
	print_command_names(program, out);
	fprintf(out, "\"\n"
		     "\t[[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}\n"
		     "\t[[ $word == = ]] && word=\n"
		     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		     "\t\t[[ -z $command && \" $commands \" == *\" ${COMP_WORDS[i]} \"* ]] &&\n"
		     "\t\t\tcommand=${COMP_WORDS[i]}\n"
		     "\tdone\n"
		     "\twords=\"--help --version");
	bash_words(program->options, program->n_options, out);
	fprintf(out, "\"\n\ttaking=\"");
	bash_taking(program->options, program->n_options, out);
	fprintf(out, "\"\n");
}

/* Where nothing is offered bash offers paths. */
static void print_bash(const Program *program, FILE *out)
{
	bash_begin(program, out);
	fprintf(out, "\tcase $command in\n\t'') words+=\" $commands\" ;;\n");
	for (size_t i = 0; i < count_commands(program); i++)
		bash_command(command_at(program, i), out);
	fprintf(out,
		"\tesac\n"
		"\t[[ \" $taking \" == *\" $before \"* ]] && words=$values\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
		"\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
		"\treturn 0\n"
		"}\n"
		"complete -o default -F _suture_completion %s\n",
		program->name);
}

/* In single quotes, with a backslash before what is special to the function that reads it. */
static void zsh_text(const char *text, const char *special, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", out);
		else if (strchr(special, *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void zsh_action(const char *argument, FILE *out)
{
	if (choices(argument) > 0) {
		fputc('(', out);
		print_choices(argument, out);
		fputc(')', out);
	} else if (takes_path(argument)) {
		fputs("_files", out);
	}
}

/* '*--name=[help]:VALUE:action'; once for each of its names. A word of the value may follow in the next word.
 */
static void zsh_option(const Option *option, const char *name, FILE *out)
{
	bool is_long = strlen(name) > 1;

	fprintf(out, " \\\n\t\t'*%s%s%s[", is_long ? "--" : "-", name,
		!option->argument ? ""
		: is_long         ? "="
				  : "+");
	zsh_text(option->help, "[]:\\", out);
	fputc(']', out);
	if (option->argument) {
		fputc(':', out);
		zsh_text(option->argument, ":\\", out);
		fputc(':', out);
		zsh_action(option->argument, out);
	}
	fputc('\'', out);
}

static void zsh_options(const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		char letter[2] = {options[i].letter, '\0'};

		zsh_option(&options[i], options[i].name, out);
		if (letter[0])
			zsh_option(&options[i], letter, out);
	}
}

static void zsh_common(const Program *program, FILE *out)
{
	fprintf(out, "local -a common=(\n\t\t'(- *)'{-h,--help}'[show this help, or that of a command]' \\\n"
		     "\t\t'(- *)--version[show the version]'");
	zsh_options(program->options, program->n_options, out);
	fprintf(out, "\n)\n");
}

static void zsh_operands(const Command *command, FILE *out)
{
	if (command->key) {
		fprintf(out, " '*: :{compadd -S \"\" --");
		print_keys(command, out);
		fprintf(out, "}'");
		return;
	}
	if (choices(command->operands) > 0) {
		fprintf(out, " '1: :(");
		print_choices(command->operands, out);
		fprintf(out, ")'");
	}
	if (has_path_words(command))
		fprintf(out, " '*: :_files'");
	else if (command->operands && choices(command->operands) == 0)
		fprintf(out, " '*: :'");
}

static void print_zsh(const Program *program, FILE *out)
{
	fprintf(out, "#compdef %s\n\nlocal curcontext=$curcontext state line\ntypeset -A opt_args\n",
		program->name);
	fprintf(out, "local -a commands=(\n");
	for (size_t i = 0; i < count_commands(program); i++) {
		fprintf(out, "\t'%s:", command_at(program, i)->name);
		zsh_text(command_at(program, i)->summary, "\\", out);
		fprintf(out, "'\n");
	}
	fprintf(out, ")\n");
	zsh_common(program, out);
	fprintf(out, "_arguments -C $common '1: :->command' '*:: :->rest'\ncase $state in\n"
		     "command)\n\t_describe command commands ;;\nrest)\n\tcase $words[1] in\n");
	for (size_t i = 0; i < count_commands(program); i++) {
		const Command *command = command_at(program, i);

		fprintf(out, "\t%s)\n\t\t_arguments $common", command->name);
		zsh_options(command->options, command->n_options, out);
		zsh_operands(command, out);
		fprintf(out, " ;;\n");
	}
	fprintf(out, "\tesac ;;\nesac\n");
}

static void fish_text(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

/* The beginning of a rule; command is NULL for what fits before and after every command. */
static void fish_rule(const Program *program, const Command *command, FILE *out)
{
	fprintf(out, "complete -c %s", program->name);
	if (command)
		fprintf(out, " -n '__fish_seen_subcommand_from %s'", command->name);
}

static void fish_option(const Option *option, FILE *out)
{
	fprintf(out, " -l %s", option->name);
	if (option->letter)
		fprintf(out, " -s %c", option->letter);
	if (choices(option->argument) > 0) {
		fprintf(out, " -xa '");
		print_choices(option->argument, out);
		fputc('\'', out);
	} else if (option->argument) {
		fputs(takes_path(option->argument) ? " -rF" : " -x", out);
	}
	fputs(" -d ", out);
	fish_text(option->help, out);
	fputc('\n', out);
}

static void fish_options(
	const Program *program, const Command *command, const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		fish_rule(program, command, out);
		fish_option(&options[i], out);
	}
}

/* fish offers files where no rule says -f. */
static void fish_operands(const Program *program, const Command *command, FILE *out)
{
	fish_rule(program, command, out);
	if (!has_path_words(command))
		fputs(" -f", out);
	fputs(" -a '", out);
	print_keys(command, out);
	print_choices(command->operands, out);
	fprintf(out, "'\n");
}

static void print_fish(const Program *program, FILE *out)
{
	fish_rule(program, NULL, out);
	fprintf(out, " -l help -s h -d 'show this help, or that of a command'\n");
	fish_rule(program, NULL, out);
	fprintf(out, " -l version -d 'show the version'\n");
	fish_options(program, NULL, program->options, program->n_options, out);
	for (size_t i = 0; i < count_commands(program); i++) {
		const Command *command = command_at(program, i);

		fprintf(out, "complete -c %s -n 'not __fish_seen_subcommand_from ", program->name);
		print_command_names(program, out);
		fprintf(out, "' -f -a %s -d ", command->name);
		fish_text(command->summary, out);
		fputc('\n', out);
		fish_options(program, command, command->options, command->n_options, out);
		fish_operands(program, command, out);
	}
}

int options_print_completion(const Program *program, const char *shell, FILE *out, Error *error)
{
	static const struct {
		const char *name;
		void (*print)(const Program *, FILE *);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].print(program, out);
			return 0;
		}
	}
	return error_set(error, "no completion for \"%s\"; there is bash, zsh and fish", shell);
}
