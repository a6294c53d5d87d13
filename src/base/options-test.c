/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/options.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/process.h"
#include "base/test.h"

/* A small program with an option of each kind; what its command was given is noted. */
typedef struct Settings {
	bool json, dry_run;
	const char *root;
	OptionList base, hint;
} Settings;

static struct {
	unsigned calls;
	bool json, dry_run;
	char root[64], words[512];
} seen;

static void note(const char *label, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(seen.words);

		(void)snprintf(seen.words + used, sizeof(seen.words) - used, "%s=%s;", label, words[i]);
	}
}

static int run_make(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;

	(void)error;
	seen.calls++;
	seen.json = settings->json;
	seen.dry_run = settings->dry_run;
	(void)snprintf(seen.root, sizeof(seen.root), "%s", settings->root ? settings->root : "(none)");
	note("base", settings->base.words, settings->base.count);
	note("hint", settings->hint.words, settings->hint.count);
	note("operand", operands->words, operands->count);
	return 0;
}

static int run_fail(void *userdata, const OptionList *operands, Error *error)
{
	(void)userdata;
	(void)operands;
	return error_set(error, "it went wrong");
}

static int run_judge(void *userdata, const OptionList *operands, Error *error)
{
	(void)userdata;
	(void)operands;
	(void)error;
	return 7;
}

static const char *key_at(size_t index)
{
	static const char *const keys[] = {"colour", "size"};

	return index < ARRAY_SIZE(keys) ? keys[index] : NULL;
}

static const Option common[] = {
	{"json", 'j', OPTION_FLAG, offsetof(Settings, json), NULL, "it's for [machines]: all of it"},
	{"root", 'r', OPTION_TEXT, offsetof(Settings, root), "DIR", "work on another root"},
};

static const Option make_options[] = {
	{"dry-run", 'n', OPTION_FLAG, offsetof(Settings, dry_run), NULL, "change nothing"},
	{"base", 0, OPTION_LIST, offsetof(Settings, base), "FILE", "what is installed"},
	{"hint", 0, OPTION_REPEATED, offsetof(Settings, hint), "TEXT", "a hint"},
};

static const Command commands[] = {
	{"make", "[NAME…]", 0, 3, "makes \"it\", as you'd expect", make_options, ARRAY_SIZE(make_options),
		run_make},
	{"fail", NULL, 0, 0, "fails", NULL, 0, run_fail},
	{"judge", "NAME", 1, 1, "judges", NULL, 0, run_judge, key_at},
};

static const Program program = {
	.name = "prog",
	.summary = "A program for the test",
	.options = common,
	.n_options = ARRAY_SIZE(common),
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
	.footer = "The footer.",
};

/* Runs a command line with stdout and stderr in memory; both end up in output. */
static char output[16384];

static int run(const char *const *words)
{
	Settings settings = {0};
	int own_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3),
	    own_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd = memfd_create("output", MFD_CLOEXEC);
	char *argv[32] = {(char *)(uintptr_t) "prog"};
	int argc = 1, code;
	ssize_t n;

	memset(&seen, 0, sizeof(seen));
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	(void)fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	code = options_main(&program, &settings, argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(own_out, STDOUT_FILENO) >= 0 && dup2(own_err, STDERR_FILENO) >= 0);
	(void)close(own_out);
	(void)close(own_err);
	n = pread(fd, output, sizeof(output) - 1, 0);
	(void)close(fd);
	assert_true(n >= 0);
	output[n] = '\0';
	assert_null(settings.base.words);
	assert_null(settings.hint.words);
	return code;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void assert_usage(int code, const char *sentence)
{
	assert_int_equal(code, EXIT_USAGE);
	assert_int_equal(seen.calls, 0);
	if (!strstr(output, sentence))
		fail_msg("printed: %s", output);
	assert_non_null(strstr(output, "; see \"prog "));
	assert_non_null(strstr(output, "--help\"\n"));
}

static void reads_options_before_and_behind_the_command(void **state)
{
	(void)state;
	assert_int_equal(RUN("--json", "make", "--dry-run", "a", "--root=/x", "b"), 0);
	assert_int_equal(seen.calls, 1);
	assert_true(seen.json && seen.dry_run);
	assert_string_equal(seen.root, "/x");
	assert_string_equal(seen.words, "operand=a;operand=b;");
	assert_int_equal(RUN("-j", "make", "-n", "-r", "/y"), 0);
	assert_true(seen.json && seen.dry_run);
	assert_string_equal(seen.root, "/y");
	assert_int_equal(RUN("make"), 0);
	assert_false(seen.json || seen.dry_run);
	assert_string_equal(seen.root, "(none)");
	assert_int_equal(RUN("make", "--root", "/a", "--root=/b"), 0);
	assert_string_equal(seen.root, "/b");
	assert_int_equal(RUN("make", "--root="), 0);
	assert_string_equal(seen.root, "");
}

static void collects_lists(void **state)
{
	(void)state;
	assert_int_equal(
		RUN("make", "--base", "a", "b", "--hint", "x", "name", "--base=c", "d", "--hint=y"), 0);
	assert_string_equal(seen.words, "base=a;base=b;base=c;base=d;hint=x;hint=y;operand=name;");
	assert_int_equal(RUN("make", "--base", "a", "--", "b"), 0);
	assert_string_equal(seen.words, "base=a;operand=b;");
	assert_int_equal(RUN("make", "--base", "-", "b"), 0);
	assert_string_equal(seen.words, "base=-;base=b;");
}

static void takes_everything_for_words_behind_two_dashes(void **state)
{
	(void)state;
	assert_int_equal(RUN("make", "--", "--json", "--", "-x"), 0);
	assert_false(seen.json);
	assert_string_equal(seen.words, "operand=--json;operand=--;operand=-x;");
	assert_int_equal(RUN("--", "make", "-"), 0);
	assert_string_equal(seen.words, "operand=-;");
}

static void says_what_is_wrong_with_a_command_line(void **state)
{
	(void)state;
	assert_usage(RUN("make", "--jsn"), "prog: unknown option --jsn;");
	assert_usage(RUN("make", "--jso"), "unknown option --jso;");
	assert_usage(RUN("make", "--"
				 "=x"),
		"unknown option --=x;");
	assert_usage(RUN("make", "-jn"), "unknown option -jn;");
	assert_usage(RUN("make", "--json=1"), "option --json takes no value;");
	assert_usage(RUN("make", "--root"), "option --root needs a value: --root=DIR;");
	assert_usage(RUN("make", "--root", "--json"), "option --root needs a value");
	assert_usage(RUN("make", "--base", "--hint", "x"), "option --base needs a value");
	assert_usage(RUN("make", "--base", "--", "x"), "option --base needs a value");
	assert_usage(RUN("mak"), "unknown command \"mak\";");
	assert_usage(RUN("--json"), "no command given;");
	assert_usage(RUN("make", "1", "2", "3", "4"), "make: unexpected \"4\";");
	assert_usage(RUN("judge"), "judge needs NAME; see \"prog judge --help\"\n");
	assert_usage(RUN("mak"), "; see \"prog --help\"\n");
	assert_usage(RUN("fail", "--dry-run"), "unknown option --dry-run;");
	assert_usage(RUN("completion"), "completion needs one of");
	assert_usage(RUN("make", "a\033[31m", "--x\ny"), "unknown option --x?y;");
}

static void gives_the_exit_code_of_the_command(void **state)
{
	(void)state;
	assert_int_equal(RUN("fail"), EXIT_FAILED);
	assert_string_equal(output, "prog: it went wrong\n");
	assert_int_equal(RUN("judge", "x"), 7);
	assert_string_equal(output, "");
	assert_int_equal(RUN("completion", "tcsh"), EXIT_FAILED);
	assert_non_null(strstr(output, "no completion for \"tcsh\""));
}

static void helps(void **state)
{
	(void)state;
	assert_int_equal(RUN("--version"), 0);
	assert_memory_equal(output, "prog ", 5);
	assert_int_equal(RUN("--help"), 0);
	assert_non_null(strstr(output, "Usage: prog"));
	assert_non_null(strstr(output, "make [NAME…]"));
	assert_non_null(strstr(output, "-r, --root=DIR"));
	assert_non_null(strstr(output, "The footer.\n"));
	assert_int_equal(RUN("make", "-h"), 0);
	assert_int_equal(seen.calls, 0);
	assert_non_null(strstr(output, "Usage: prog make"));
	assert_non_null(strstr(output, "--base=FILE..."));
	assert_non_null(strstr(output, "-n, --dry-run"));
	/* Help is given whatever else is wrong. */
	assert_int_equal(RUN("judge", "--help"), 0);
	assert_int_equal(run((const char *const[]){NULL}), EXIT_USAGE);
	assert_non_null(strstr(output, "Usage: prog"));
}

/* The shells themselves judge the scripts, where they are installed. */
static void assert_shell_accepts(const char *shell)
{
	CLEANUP_FREE char *directory = NULL;
	Error error = ERROR_INIT;
	char path[256];
	int r;

	assert_int_equal(RUN("completion", shell), 0);
	assert_done(file_temporary_directory("suture-options-test", &directory, &error), &error);
	(void)snprintf(path, sizeof(path), "%s/script", directory);
	assert_done(file_replace(AT_FDCWD, path, bytes_of_text(output), 0600, &error), &error);
	r = process_run((const char *const[]){shell, "-n", path, NULL}, 0, NULL, &error);
	assert_done(file_remove_tree(AT_FDCWD, directory, NULL), &error);
	if (r < 0 && !strstr(error.text, "is not installed"))
		fail_msg("%s: %s", error.text, output);
}

static void prints_completions_that_shells_accept(void **state)
{
	(void)state;
	assert_shell_accepts("bash");
	assert_non_null(strstr(output, "--root="));
	assert_shell_accepts("zsh");
	assert_non_null(strstr(output, "#compdef prog\n"));
	assert_shell_accepts("fish");
	assert_non_null(strstr(output, "complete -c prog"));
	assert_non_null(strstr(output, " colour= size="));
}

/* Lets bash run the script on a word and prints what it offers. */
static void completes_in_bash(void **state)
{
	CLEANUP_BUFFER Buffer offered = BUFFER_INIT, script = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(RUN("completion", "bash"), 0);
	assert_done(
		buffer_append_format(&script, &error,
			"compopt() { :; }\n%s\nCOMP_WORDS=(prog make --b) COMP_CWORD=2\n_suture_completion\n"
			"echo \"${COMPREPLY[@]}\"\nCOMP_WORDS=(prog j) COMP_CWORD=1\n_suture_completion\n"
			"echo \"${COMPREPLY[@]}\"\nCOMP_WORDS=(prog judge c) COMP_CWORD=2\n"
			"_suture_completion\necho \"${COMPREPLY[@]}\"\n",
			output),
		&error);
	if (process_run((const char *const[]){"bash", "-c", (char *)script.data, NULL}, 1000, &offered,
		    &error) < 0) {
		if (strstr(error.text, "is not installed"))
			skip();
		fail_msg("%s", error.text);
	}
	assert_string_equal((const char *)offered.data, "--base=\njudge\ncolour=\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options_before_and_behind_the_command),
		cmocka_unit_test(collects_lists),
		cmocka_unit_test(takes_everything_for_words_behind_two_dashes),
		cmocka_unit_test(says_what_is_wrong_with_a_command_line),
		cmocka_unit_test(gives_the_exit_code_of_the_command),
		cmocka_unit_test(helps),
		cmocka_unit_test(prints_completions_that_shells_accept),
		cmocka_unit_test(completes_in_bash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
