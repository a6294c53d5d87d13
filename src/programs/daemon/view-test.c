/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/view.h"

#include "base/test.h"

static const char census[] = "{\"complete\": true, \"processes\": ["
			     "{\"pid\": 1, \"uid\": 0}, {\"pid\": 2, \"uid\": 1000},"
			     "{\"pid\": 3, \"uid\": 1001}, {\"pid\": 4, \"uid\": 1000}, {\"pid\": 5}]}";

static json_t *parse(const char *text)
{
	Error error = ERROR_INIT;
	json_t *document = NULL;

	assert_done(json_parse(bytes_of_text(text), 4096, &document, &error), &error);
	return document;
}

static void assert_pids(const json_t *report, const int *pids, size_t n)
{
	const json_t *processes = json_object_get(report, "processes");

	assert_int_equal(json_array_size(processes), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			json_integer_value(json_object_get(json_array_get(processes, i), "pid")), pids[i]);
}

static void a_user_sees_his_own_processes_and_how_many_others_there_are(void **state)
{
	CLEANUP_JSON json_t *report = parse(census);
	Error error = ERROR_INIT;

	(void)state;
	assert_done(view_limit_to_user(report, 1000, &error), &error);
	assert_pids(report, (const int[]){2, 4}, 2);
	assert_int_equal(json_integer_value(json_object_get(report, "hidden")), 3);
	assert_true(json_is_true(json_object_get(report, "complete")));
}

static void root_sees_all(void **state)
{
	CLEANUP_JSON json_t *report = parse(census);
	Error error = ERROR_INIT;

	(void)state;
	assert_done(view_limit_to_user(report, 0, &error), &error);
	assert_pids(report, (const int[]){1, 2, 3, 4, 5}, 5);
	assert_false(json_has(report, "hidden"));
}

static void the_census_inside_a_report_is_limited_as_well(void **state)
{
	CLEANUP_JSON json_t *report = parse("{\"exposed\": {\"processes\": [{\"pid\": 7, \"uid\": 1}]}}");
	const json_t *exposed = json_object_get(report, "exposed");
	Error error = ERROR_INIT;

	(void)state;
	assert_done(view_limit_to_user(report, 2, &error), &error);
	assert_pids(exposed, NULL, 0);
	assert_int_equal(json_integer_value(json_object_get(exposed, "hidden")), 1);
}

static void the_reports_inside_that_of_an_unattended_run_are_limited_as_well(void **state)
{
	CLEANUP_JSON json_t *report =
		parse("{\"plan\": {\"exposed\": {\"processes\": [{\"pid\": 7, \"uid\": 1}]},"
		      "\"restarts\": {\"predicted\": [{\"uid\": 1}]}},"
		      "\"restart\": {\"exposed\": {\"processes\": [{\"pid\": 7, \"uid\": 1}, {\"pid\": 8, "
		      "\"uid\": 2}]}}}");
	const json_t *plan = json_object_get(report, "plan"), *restart = json_object_get(report, "restart");
	Error error = ERROR_INIT;

	(void)state;
	assert_done(view_limit_to_user(report, 2, &error), &error);
	assert_pids(json_object_get(plan, "exposed"), NULL, 0);
	assert_int_equal(json_array_size(json_object_get(json_object_get(plan, "restarts"), "predicted")), 0);
	assert_pids(json_object_get(restart, "exposed"), (const int[]){8}, 1);
}

static void a_text_stays_as_it_is(void **state)
{
	CLEANUP_JSON json_t *report = json_string("suture_generation 1\n");
	Error error = ERROR_INIT;

	(void)state;
	assert_done(view_limit_to_user(report, 1000, &error), &error);
	assert_string_equal(json_string_value(report), "suture_generation 1\n");
}

static void actions_on_what_is_not_his_are_left_out_wherever_they_are(void **state)
{
	CLEANUP_JSON json_t *report =
		parse("{\"exposed\": {\"processes\": [], \"actions\": [{\"uid\": 7}, {\"target\": "
		      "\"a.service\"}]}, \"planned\": [{\"uid\": 8}],"
		      "\"restarts\": {\"predicted\": [{\"uid\": 7}, {\"uid\": 0}]}}");
	Error error = ERROR_INIT;

	(void)state;
	assert_done(view_limit_to_user(report, 7, &error), &error);
	assert_int_equal(json_array_size(json_object_get(json_object_get(report, "exposed"), "actions")), 1);
	assert_int_equal(json_array_size(json_object_get(report, "planned")), 0);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(report, "restarts"), "predicted")), 1);
}

static void a_report_without_a_census_stays_as_it_is(void **state)
{
	CLEANUP_JSON json_t *report = parse("{\"entries\": []}");
	Error error = ERROR_INIT;

	(void)state;
	assert_done(view_limit_to_user(report, 1000, &error), &error);
	assert_int_equal(json_object_size(report), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_sees_his_own_processes_and_how_many_others_there_are),
		cmocka_unit_test(root_sees_all),
		cmocka_unit_test(the_census_inside_a_report_is_limited_as_well),
		cmocka_unit_test(the_reports_inside_that_of_an_unattended_run_are_limited_as_well),
		cmocka_unit_test(a_text_stays_as_it_is),
		cmocka_unit_test(actions_on_what_is_not_his_are_left_out_wherever_they_are),
		cmocka_unit_test(a_report_without_a_census_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
