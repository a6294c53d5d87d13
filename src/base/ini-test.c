/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ini.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

/* Writes down what it gets; refuses "No". */
static int set(void *userdata, const char *key, const char *value, Error *error)
{
	char *seen = userdata;

	if (strcmp(key, "No") == 0)
		return ini_unknown(key, error);
	(void)snprintf(seen + strlen(seen), 256 - strlen(seen), "%s=%s;", key, value);
	return 0;
}

static int parse(const char *text, char seen[static 256], Error *error)
{
	char copy[256];

	seen[0] = '\0';
	(void)snprintf(copy, sizeof(copy), "%s", text);
	return ini_parse(copy, "a.conf", "Own", set, seen, error);
}

static void keys_come_in_order_without_blanks_and_comments(void **state)
{
	Error error = ERROR_INIT;
	char seen[256];

	(void)state;
	assert_done(parse("# one\n[Own]\n  A = 1 2 \r\n; two\nB==\n\nA=", seen, &error), &error);
	assert_string_equal(seen, "A=1 2;B==;A=;");
	assert_done(parse("", seen, &error), &error);
	assert_string_equal(seen, "");
}

static void what_nobody_knows_is_refused_with_file_and_line(void **state)
{
	Error error = ERROR_INIT;
	char seen[256];

	(void)state;
	assert_fails(parse("A=1\nNo=2\n", seen, &error), &error, "a.conf:2: unknown key \"No\"");
	assert_fails(parse("[Own]\n[Other]\n", seen, &error), &error, "a.conf:2: unknown section [Other]");
	assert_fails(parse("[Owner]\n", seen, &error), &error, "a.conf:1: unknown section");
	assert_fails(parse("[Own", seen, &error), &error, "a.conf:1: unknown section");
	assert_fails(
		parse("\n\nwhat\n", seen, &error), &error, "a.conf:3: \"what\" is not of the form Key=Value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_come_in_order_without_blanks_and_comments),
		cmocka_unit_test(what_nobody_knows_is_refused_with_file_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
