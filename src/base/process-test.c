/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/process.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

static int run(const char *script, size_t max, Buffer *output, Error *error)
{
	return process_run((const char *const[]){"sh", "-c", script, NULL}, max, output, error);
}

static void appends_the_output(void **state)
{
	CLEANUP_BUFFER Buffer output = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(buffer_append(&output, "before:", 7, &error), &error);
	assert_done(run("echo hello; echo complaint >&2", 6, &output, &error), &error);
	assert_string_equal((const char *)output.data, "before:hello\n");
	assert_done(run("echo hello", 0, NULL, &error), &error);
}

static void passes_arguments_as_they_are(void **state)
{
	CLEANUP_BUFFER Buffer output = BUFFER_INIT;
	Error error = ERROR_INIT;
	const char *const argv[] = {"printf", "%s|", "a b", "", "$(id)", "*", "'\"", NULL};

	(void)state;
	assert_done(process_run(argv, 100, &output, &error), &error);
	assert_string_equal((const char *)output.data, "a b||$(id)|*|'\"|");
}

static void gives_the_last_line_of_the_complaint(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(run("echo first >&2; printf 'last line\\r\\n\\n' >&2; exit 3", 0, NULL, &error), &error,
		"sh failed with 3: last line");
	assert_null(strstr(error.text, "first"));
	assert_fails(run("exit 1", 0, NULL, &error), &error, "sh failed with 1: it gave no reason");
	assert_fails(run("printf ' \\n\\n' >&2; exit 1", 0, NULL, &error), &error, "it gave no reason");
}

static void keeps_the_end_of_a_long_complaint(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(run("head -c 1000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo the end >&2; exit 1",
			     0, NULL, &error),
		&error, "sh failed with 1: the end");
}

static void says_which_signal_ended_it(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(run("kill -9 $$", 0, NULL, &error), &error, "sh was ended by signal 9");
}

static void says_that_a_program_is_missing(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(process_run((const char *const[]){"no-such-program-here", NULL}, 0, NULL, &error),
		&error, "no-such-program-here is not installed");
	assert_fails(process_run((const char *const[]){"/etc/passwd", NULL}, 0, NULL, &error), &error,
		"cannot run /etc/passwd: Permission denied");
	/* A program's own 127 is its own affair. */
	assert_fails(run("echo reason >&2; exit 127", 0, NULL, &error), &error, "sh failed with 127: reason");
}

static void ends_a_program_that_prints_too_much(void **state)
{
	CLEANUP_BUFFER Buffer output = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(process_run((const char *const[]){"yes", NULL}, 1000, &output, &error), &error,
		"yes: printed more than");
	assert_int_equal(output.size, 0);
	assert_fails(run("printf 12345", 4, &output, &error), &error, "printed more than");
	assert_fails(run("printf 1", 0, &output, &error), &error, "printed more than");
	assert_done(run("printf 1234", 4, &output, &error), &error);
	assert_done(run("printf 5678", SIZE_MAX, &output, &error), &error);
	assert_string_equal((const char *)output.data, "12345678");
}

static void gives_nothing_back_after_a_failure(void **state)
{
	CLEANUP_BUFFER Buffer output = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(buffer_append(&output, "kept", 4, &error), &error);
	assert_fails(run("echo half; exit 1", 100, &output, &error), &error, "sh failed with 1");
	assert_string_equal((const char *)output.data, "kept");
	assert_int_equal(output.size, 4);
}

static void starts_programs_with_clean_signals_and_input(void **state)
{
	CLEANUP_BUFFER Buffer output = BUFFER_INIT;
	sigset_t all, old;
	Error error = ERROR_INIT;

	(void)state;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_done(run("cat; grep -E '^Sig(Blk|Ign)' /proc/self/status", 1000, &output, &error), &error);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	assert_non_null(strstr((char *)output.data, "SigBlk:\t0000000000000000\n"));
	/* SIGPIPE is signal 13: bit 12. */
	assert_int_equal(strtoull(strstr((char *)output.data, "SigIgn:\t") + 8, NULL, 16) & 1 << 12, 0);
}

static size_t open_descriptors(void)
{
	CLEANUP(closedir) DIR *listing = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(listing);
	while (readdir(listing))
		n++;
	return n;
}

static void leaks_no_descriptors(void **state)
{
	size_t before = open_descriptors();
	Error error = ERROR_INIT;

	(void)state;
	assert_done(run("true", 0, NULL, &error), &error);
	assert_int_equal(run("false", 0, NULL, &error), -1);
	assert_int_equal(process_run((const char *const[]){"no-such-program-here", NULL}, 0, NULL, NULL), -1);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_the_output),
		cmocka_unit_test(passes_arguments_as_they_are),
		cmocka_unit_test(gives_the_last_line_of_the_complaint),
		cmocka_unit_test(keeps_the_end_of_a_long_complaint),
		cmocka_unit_test(says_which_signal_ended_it),
		cmocka_unit_test(says_that_a_program_is_missing),
		cmocka_unit_test(ends_a_program_that_prints_too_much),
		cmocka_unit_test(gives_nothing_back_after_a_failure),
		cmocka_unit_test(starts_programs_with_clean_signals_and_input),
		cmocka_unit_test(leaks_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
