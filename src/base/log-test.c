/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/test.h"

static int own_stderr = -1, captured = -1;

static int capture(void **state)
{
	(void)state;
	own_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	captured = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(captured >= 0 && dup2(captured, STDERR_FILENO) >= 0);
	(void)unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_LEVEL_WARNING);
	return 0;
}

static int give_back(void **state)
{
	(void)state;
	assert_true(dup2(own_stderr, STDERR_FILENO) >= 0);
	(void)close(own_stderr);
	(void)close(captured);
	(void)unsetenv("JOURNAL_STREAM");
	return 0;
}

static const char *written(void)
{
	static char text[8192];
	ssize_t n = pread(captured, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void drops_what_is_above_the_level(void **state)
{
	(void)state;
	log_warning("one %d", 1);
	log_info("two");
	log_debug("three");
	log_set_level(LOG_LEVEL_INFO);
	log_info("four");
	log_debug("five");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("six");
	assert_string_equal(written(), "warning: one 1\nfour\ndebug: six\n");
}

static void writes_one_bounded_printable_line(void **state)
{
	char large[5000];

	(void)state;
	log_warning("a\nb\033[31m");
	assert_string_equal(written(), "warning: a?b?[31m\n");
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	log_warning("%s", large);
	assert_true(strlen(written()) < 2200);
	assert_string_equal(strrchr(written(), 'x') + 1, "\n");
}

static void marks_lines_only_for_the_journal(void **state)
{
	char stream[64];
	struct stat status;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		(unsigned long long)status.st_ino + 1);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_warning("to a terminal");
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		(unsigned long long)status.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_warning("to the journal");
	assert_int_equal(setenv("JOURNAL_STREAM", "nonsense", 1), 0);
	log_warning("to nobody");
	assert_string_equal(written(), "warning: to a terminal\n<4>to the journal\nwarning: to nobody\n");
}

static void keep(void *userdata, LogLevel level, const char *line)
{
	(void)snprintf(userdata, 64, "%d %s", level, line);
}

static void tells_a_listener_what_it_writes(void **state)
{
	char heard[64] = "";

	(void)state;
	log_set_listener(keep, heard);
	log_info("dropped");
	assert_string_equal(heard, "");
	log_warning("a\nb");
	assert_string_equal(heard, "4 a?b");
	log_set_listener(NULL, NULL);
	log_warning("unheard");
	assert_string_equal(heard, "4 a?b");
	assert_string_equal(written(), "warning: a?b\nwarning: unheard\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(drops_what_is_above_the_level, capture, give_back),
		cmocka_unit_test_setup_teardown(writes_one_bounded_printable_line, capture, give_back),
		cmocka_unit_test_setup_teardown(tells_a_listener_what_it_writes, capture, give_back),
		cmocka_unit_test_setup_teardown(marks_lines_only_for_the_journal, capture, give_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
