/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/language.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/test.h"

/* What a translation does is shown with a real one in tests/integration/test_language.py. */

static void says_it_in_english_until_it_is_started(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(setenv("LANGUAGE", "de", 1), 0);
	assert_string_equal(_("out of memory"), "out of memory");
	assert_string_equal(language_plural("one", "many", 1), "one");
	assert_string_equal(language_plural("one", "many", 0), "many");
	(void)error_set(&error, "out of memory");
	assert_string_equal(error.translated, "");
	assert_string_equal(error_words(&error), "out of memory");
}

static void starts_in_any_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("LC_ALL", "no_SUCH.locale", 1), 0);
	language_start();
	assert_string_equal(_("out of memory"), "out of memory");
	assert_int_equal(setenv("LC_ALL", "C.UTF-8", 1), 0);
	language_start();
	assert_string_equal(_(""), "");
}

static void leaves_numbers_and_letters_as_they_are(void **state)
{
	(void)state;
	language_start();
	assert_string_equal(setlocale(LC_CTYPE, NULL), "C");
	assert_string_equal(setlocale(LC_NUMERIC, NULL), "C");
	assert_string_equal(setlocale(LC_TIME, NULL), "C");
}

static void takes_no_path_for_a_language(void **state)
{
	(void)state;
	assert_int_equal(setenv("LANGUAGE", "../../../tmp/evil", 1), 0);
	language_start();
	assert_null(getenv("LANGUAGE"));
	assert_int_equal(setenv("LANGUAGE", "de_AT:de", 1), 0);
	language_start();
	assert_string_equal(getenv("LANGUAGE"), "de_AT:de");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_it_in_english_until_it_is_started),
		cmocka_unit_test(starts_in_any_environment),
		cmocka_unit_test(leaves_numbers_and_letters_as_they_are),
		cmocka_unit_test(takes_no_path_for_a_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
