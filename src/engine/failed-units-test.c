/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/failed-units.h"

#include <string.h>

#include "base/test.h"

static json_t *parse(const char *text)
{
	Error error = ERROR_INIT;
	json_t *names = NULL;

	assert_done(failed_units_parse(bytes_of_text(text), &names, &error), &error);
	return names;
}

static void takes_the_first_word_of_each_line(void **state)
{
	CLEANUP_JSON json_t *names = parse("a.service loaded failed failed A\n"
					   "  dev-sda\\x2d1.mount loaded failed failed /b\nlast.timer");
	CLEANUP_JSON json_t *expected =
		json_pack("[s, s, s]", "a.service", "dev-sda\\x2d1.mount", "last.timer");

	(void)state;
	assert_true(json_equal(names, expected));
}

static void leaves_out_its_own_units(void **state)
{
	CLEANUP_JSON json_t *names = parse("suture-boot-complete.service loaded failed failed x\n\n");

	(void)state;
	assert_int_equal(json_array_size(names), 0);
}

static void refuses_what_cannot_be_a_unit(void **state)
{
	Error error = ERROR_INIT;
	json_t *names = NULL;
	char line[300];

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_fails(failed_units_parse((Bytes){(uint8_t *)line, sizeof(line)}, &names, &error), &error,
		"name of 300 bytes");
	memset(line, '\xff', 8);
	assert_fails(failed_units_parse((Bytes){(uint8_t *)line, 8}, &names, &error), &error, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_first_word_of_each_line),
		cmocka_unit_test(leaves_out_its_own_units),
		cmocka_unit_test(refuses_what_cannot_be_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
