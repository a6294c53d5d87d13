/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/failing-units.h"

#include <string.h>

#include "base/test.h"

static const int64_t since = 5000000;

static void expect(const char *text, json_t *expected)
{
	CLEANUP_JSON json_t *names = NULL, *wanted = expected;
	Error error = ERROR_INIT;

	assert_done(failing_units_parse(bytes_of_text(text), since, &names, &error), &error);
	assert_true(json_equal(names, wanted));
}

/* It is "activating (auto-restart)", or has begun just now and has not failed yet. */
static void a_service_in_a_loop_is_failing_whenever_one_looks(void **state)
{
	(void)state;
	expect("Result=exit-code\nNRestarts=12\nExecMainStartTimestampMonotonic=4000000\nId=waits.service\n\n"
	       "Result=success\nNRestarts=12\nExecMainStartTimestampMonotonic=5000000\nId=runs.service\n",
		json_pack("[s, s]", "waits.service", "runs.service"));
}

static void what_has_failed_for_good_is_failing(void **state)
{
	(void)state;
	expect("Result=core-dump\nNRestarts=0\nExecMainStartTimestampMonotonic=0\nId=a.service\n",
		json_pack("[s]", "a.service"));
}

static void what_runs_for_long_by_now_is_not(void **state)
{
	(void)state;
	expect("Result=success\nNRestarts=3\nExecMainStartTimestampMonotonic=4999999\nId=once.service\n\n"
	       "Result=success\nNRestarts=0\nExecMainStartTimestampMonotonic=6000000\nId=new.service\n\n"
	       "\n\nId=suture-watch.service\nResult=exit-code\n\n"
	       "Result=exit-code\n\n",
		json_array());
}

/* In any order, with what a later version adds, and cut off. */
static void takes_what_it_knows_of_any_text(void **state)
{
	char text[1000];

	(void)state;
	expect("Id=a.service\nNew=\n=\nx\nResult=timeout\n\nId=b.service\nResult=success",
		json_pack("[s]", "a.service"));
	expect("", json_array());
	expect("Id=b.service\nNRestarts=99999999999999999999\nExecMainStartTimestampMonotonic=-1\n",
		json_array());
	memset(text, 'x', sizeof(text));
	memcpy(text, "Id=", 3);
	(void)strcpy(text + sizeof(text) - 20, "\nResult=timeout\n");
	expect(text, json_array());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_in_a_loop_is_failing_whenever_one_looks),
		cmocka_unit_test(what_has_failed_for_good_is_failing),
		cmocka_unit_test(what_runs_for_long_by_now_is_not),
		cmocka_unit_test(takes_what_it_knows_of_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
