/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "base/test.h"

static void builds_the_sentence_from_inside_out(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(error_os(&error, ENOENT, "cannot open %s", "a"), -1);
	assert_int_equal(error_in(&error, "component %s", "x"), -1);
	assert_string_equal(error.text, "component x: cannot open a: No such file or directory");
	assert_int_equal(error.os_error, ENOENT);
	assert_int_equal(error_set(&error, "new"), -1);
	assert_int_equal(error.os_error, 0);
	assert_string_equal(error.text, "new");
}

static void cuts_what_is_too_long_and_defuses_control_characters(void **state)
{
	Error error = ERROR_INIT;
	char large[2 * ERROR_TEXT_SIZE];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	(void)error_set(&error, "%s", large);
	assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
	(void)error_in(&error, "%s", large);
	assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
	(void)error_set(&error, "a\033[31mb\nc");
	assert_string_equal(error.text, "a?[31mb?c");
}

static void cuts_no_character_in_two(void **state)
{
	Error error = ERROR_INIT;
	char large[ERROR_TEXT_SIZE];

	(void)state;
	memset(large, 0, sizeof(large));
	for (size_t i = 0; i + 2 < sizeof(large); i += 2)
		memcpy(large + i, "\xc3\xbc", 2);
	(void)error_set(&error, "%s", large);
	(void)error_in(&error, "ab");
	assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
	assert_string_equal(error.text + ERROR_TEXT_SIZE - 4, "\xc3\xbc?");
}

static void accepts_no_error_to_fill(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, "x"), -1);
	assert_int_equal(error_in(NULL, "x"), -1);
	assert_int_equal(error_os(NULL, EIO, "x"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_the_sentence_from_inside_out),
		cmocka_unit_test(cuts_what_is_too_long_and_defuses_control_characters),
		cmocka_unit_test(cuts_no_character_in_two),
		cmocka_unit_test(accepts_no_error_to_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
