/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/census-view.h"

#include "base/test.h"

static json_t *parse(const char *text)
{
	Error error = ERROR_INIT;
	json_t *document = NULL;

	assert_done(json_parse(bytes_of_text(text), 4096, &document, &error), &error);
	return document;
}

static void one_process_is_dropped_wherever_the_census_is(void **state)
{
	static const char *const reports[] = {
		"{\"processes\": [{\"pid\": 1}, {\"pid\": 2}, {\"name\": \"x\"}]}",
		"{\"exposed\": {\"processes\": [{\"pid\": 1}, {\"pid\": 2}, {\"name\": \"x\"}]}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		CLEANUP_JSON json_t *report = parse(reports[i]);
		const json_t *left = json_object_get(census_view_of(report), "processes");

		census_view_drop(report, 1);
		census_view_drop(report, 99);
		assert_int_equal(json_array_size(left), 2);
		assert_int_equal(json_integer_value(json_object_get(json_array_get(left, 0), "pid")), 2);
	}
}

static void a_report_without_a_census_stays_as_it_is(void **state)
{
	CLEANUP_JSON json_t *report = parse("{\"entries\": []}");

	(void)state;
	assert_null(census_view_of(report));
	census_view_drop(report, 1);
	assert_int_equal(json_object_size(report), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_process_is_dropped_wherever_the_census_is),
		cmocka_unit_test(a_report_without_a_census_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
