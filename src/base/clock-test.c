/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/test.h"

static const struct {
	int64_t seconds;
	const char *text;
} known[] = {
	{0, "1970-01-01T00:00:00Z"},
	{951782399, "2000-02-28T23:59:59Z"},
	{951782400, "2000-02-29T00:00:00Z"},
	{951868800, "2000-03-01T00:00:00Z"},
	{2147483648, "2038-01-19T03:14:08Z"},
	{4107542400, "2100-03-01T00:00:00Z"}, /* 2100 has no leap day */
	{1795502107, "2026-11-24T06:35:07Z"},
	{253402300799, "9999-12-31T23:59:59Z"},
};

static void goes_to_text_and_back(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		char text[CLOCK_TEXT_SIZE];
		int64_t seconds = -1;

		assert_string_equal(clock_to_text(known[i].seconds, text), known[i].text);
		assert_done(clock_from_text(known[i].text, &seconds, &error), &error);
		assert_int_equal(seconds, known[i].seconds);
	}
}

static void survives_every_day_of_four_hundred_years(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		char text[CLOCK_TEXT_SIZE];
		int64_t back = -1;

		assert_done(clock_from_text(clock_to_text(day * 86400 + 86399, text), &back, &error), &error);
		assert_int_equal(back, day * 86400 + 86399);
	}
}

static void writes_the_nearest_end_for_what_lies_outside(void **state)
{
	static const int64_t early[] = {-1, INT64_MIN};
	static const int64_t late[] = {253402300800, INT64_MAX};
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(early); i++)
		assert_string_equal(clock_to_text(early[i], text), "1970-01-01T00:00:00Z");
	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		assert_string_equal(clock_to_text(late[i], text), "9999-12-31T23:59:59Z");
}

static void refuses_every_other_form(void **state)
{
	static const char *const texts[] = {"", "2026", "2026-11-24", "2026-11-24T06:35:07",
		"2026-11-24T06:35:07z", "2026-11-24 06:35:07Z", "2026-11-24T06:35:07+00:00",
		"2026-11-24T06:35:07.5Z", "2026-11-24T06:35:07Z ", " 2026-11-24T06:35:07Z",
		"+026-11-24T06:35:07Z", "2026-1--24T06:35:07Z", "10000-01-01T00:00:00Z", "\xff\xff\xff\xff"};
	Error error = ERROR_INIT;
	int64_t seconds = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_fails(clock_from_text(texts[i], &seconds, &error), &error, "is not a time like");
	assert_int_equal(seconds, 99);
}

static void refuses_times_that_do_not_exist(void **state)
{
	static const char *const texts[] = {"2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2026-00-24T06:35:07Z", "2026-13-24T06:35:07Z", "2026-11-00T06:35:07Z",
		"2026-11-31T06:35:07Z", "2026-11-24T24:00:00Z", "2026-11-24T06:60:07Z",
		"2026-12-31T23:59:60Z", "1969-12-31T23:59:59Z", "0000-00-00T00:00:00Z"};
	Error error = ERROR_INIT;
	int64_t seconds = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_fails(
			clock_from_text(texts[i], &seconds, &error), &error, "is not a time that exists");
	assert_int_equal(seconds, 99);
}

static void knows_no_time_zones(void **state)
{
	Error error = ERROR_INIT;
	int64_t seconds = -1;

	(void)state;
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	tzset();
	assert_done(clock_from_text("2026-11-24T06:35:07Z", &seconds, &error), &error);
	assert_int_equal(seconds, 1795502107);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void runs_forward(void **state)
{
	int64_t before = clock_monotonic_ms();

	(void)state;
	assert_true(clock_now() > 1700000000);
	assert_true(clock_monotonic_ms() >= before);
}

static void builds_at_the_time_it_is_told(void **state)
{
	Error error = ERROR_INIT;
	int64_t seconds = -1;

	(void)state;
	assert_int_equal(setenv("SOURCE_DATE_EPOCH", "951782400", 1), 0);
	assert_done(clock_build_time(&seconds, &error), &error);
	assert_int_equal(seconds, 951782400);
	assert_int_equal(setenv("SOURCE_DATE_EPOCH", "yesterday", 1), 0);
	assert_fails(clock_build_time(&seconds, &error), &error, "SOURCE_DATE_EPOCH: \"yesterday\"");
	assert_int_equal(setenv("SOURCE_DATE_EPOCH", "", 1), 0);
	assert_fails(clock_build_time(&seconds, &error), &error, "SOURCE_DATE_EPOCH");
	assert_int_equal(setenv("SOURCE_DATE_EPOCH", "253402300800", 1), 0);
	assert_fails(clock_build_time(&seconds, &error), &error, "SOURCE_DATE_EPOCH");
	assert_int_equal(seconds, 951782400);
	assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
	assert_done(clock_build_time(&seconds, &error), &error);
	assert_true(seconds > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_to_text_and_back),
		cmocka_unit_test(survives_every_day_of_four_hundred_years),
		cmocka_unit_test(writes_the_nearest_end_for_what_lies_outside),
		cmocka_unit_test(refuses_every_other_form),
		cmocka_unit_test(refuses_times_that_do_not_exist),
		cmocka_unit_test(knows_no_time_zones),
		cmocka_unit_test(runs_forward),
		cmocka_unit_test(builds_at_the_time_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
