/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/options.h"

static bool takes_path(const Option *option)
{
	return option->argument &&
	       (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "DIR") == 0);
}

static void bash_words(const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, " --%s%s", options[i].name, options[i].argument ? "=" : "");
}

static void print_keys(const Command *command, FILE *out)
{
	const char *key;

	for (size_t i = 0; command->key && (key = command->key(i)); i++)
		fprintf(out, " %s=", key);
}

static void print_bash(const Program *program, FILE *out)
{
	fprintf(out,
		"_%1$s() {\n"
		"\tlocal word command= words i\n"
		"\tword=${COMP_WORDS[COMP_CWORD]}\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\t[[ ${COMP_WORDS[i]} != -* && -z $command ]] && command=${COMP_WORDS[i]}\n"
		"\tdone\n"
		"\twords=\"--help --version",
		"suture_completion");
	bash_words(program->options, program->n_options, out);
	fprintf(out, "\"\n\tcase $command in\n\t'')\n\t\twords+=\" completion");
	for (size_t i = 0; i < program->n_commands; i++)
		fprintf(out, " %s", program->commands[i].name);
	fprintf(out, "\" ;;\n");
	for (size_t i = 0; i < program->n_commands; i++) {
		fprintf(out, "\t%s)\n\t\twords+=\"", program->commands[i].name);
		bash_words(program->commands[i].options, program->commands[i].n_options, out);
		print_keys(&program->commands[i], out);
		fprintf(out, "\" ;;\n");
	}
	fprintf(out,
		"\tesac\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
		"\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
		"}\n"
		"complete -o default -F _%s %s\n",
		"suture_completion", program->name);
}

static void zsh_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			fputc('\\', out);
		if (*text == '\'')
			fputs("'\\'", out);
		fputc(*text, out);
	}
}

static void zsh_options(const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		const Option *option = &options[i];

		fprintf(out, " \\\n\t\t'*--%s%s[", option->name, option->argument ? "=" : "");
		zsh_text(option->help, out);
		fputc(']', out);
		if (option->argument)
			fprintf(out, ":%s:%s", option->argument, takes_path(option) ? "_files" : "");
		fputc('\'', out);
	}
}

static void zsh_operands(const Command *command, FILE *out)
{
	if (command->key) {
		fprintf(out, " '*: :{compadd -S \"\" --");
		print_keys(command, out);
		fprintf(out, "}' ;;\n");
	} else {
		fprintf(out, " '*: :_files' ;;\n");
	}
}

static void print_zsh(const Program *program, FILE *out)
{
	fprintf(out, "#compdef %s\n\nlocal curcontext=$curcontext state line\nlocal -a commands=(\n",
		program->name);
	for (size_t i = 0; i < program->n_commands; i++) {
		fprintf(out, "\t'%s:", program->commands[i].name);
		zsh_text(program->commands[i].summary, out);
		fprintf(out, "'\n");
	}
	fprintf(out, "\t'completion:print a completion script'\n)\n_arguments -C '--help[show help]'");
	zsh_options(program->options, program->n_options, out);
	fprintf(out, " \\\n\t'1: :->command' '*:: :->rest'\ncase $state in\n");
	fprintf(out, "command)\n\t_describe command commands ;;\nrest)\n\tcase $words[1] in\n");
	for (size_t i = 0; i < program->n_commands; i++) {
		fprintf(out, "\t%s)\n\t\t_arguments", program->commands[i].name);
		zsh_options(program->commands[i].options, program->commands[i].n_options, out);
		zsh_operands(&program->commands[i], out);
	}
	fprintf(out, "\tcompletion)\n\t\t_values shell bash zsh fish ;;\n\tesac ;;\nesac\n");
}

static void fish_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void fish_options(
	const Program *program, const char *command, const Option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		const Option *option = &options[i];

		fprintf(out, "complete -c %s", program->name);
		if (command)
			fprintf(out, " -n '__fish_seen_subcommand_from %s'", command);
		fprintf(out, " -l %s%s -d '", option->name,
			takes_path(option) ? " -rF"
			: option->argument ? " -x"
					   : "");
		fish_text(option->help, out);
		fprintf(out, "'\n");
	}
}

static void fish_operands(const Program *program, const Command *command, FILE *out)
{
	if (!command->key)
		return;
	fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -f -a '", program->name,
		command->name);
	print_keys(command, out);
	fprintf(out, "'\n");
}

static void print_fish(const Program *program, FILE *out)
{
	fish_options(program, NULL, program->options, program->n_options, out);
	for (size_t i = 0; i < program->n_commands; i++) {
		const Command *command = &program->commands[i];

		fprintf(out, "complete -c %s -n __fish_use_subcommand -f -a %s -d '", program->name,
			command->name);
		fish_text(command->summary, out);
		fprintf(out, "'\n");
		fish_options(program, command->name, command->options, command->n_options, out);
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
