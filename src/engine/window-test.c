/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/test.h"

enum { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY };

static Window parse(const char *text)
{
	Error error = ERROR_INIT;
	Window window;

	assert_done(window_parse(text, &window, &error), &error);
	return window;
}

static bool is_open(const char *text, int day, int hour, int minute)
{
	const Window window = parse(text);
	const struct tm local = {.tm_wday = day, .tm_hour = hour, .tm_min = minute};

	return window_contains(&window, &local);
}

static void no_window_is_any_time(void **state)
{
	const char *const texts[] = {"", "  ", "any", "00:00-24:00", "Mon..Sun 00:00-24:00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (int day = SUNDAY; day <= SATURDAY; day++) {
			assert_true(is_open(texts[i], day, 0, 0));
			assert_true(is_open(texts[i], day, 23, 59));
		}
}

static void opens_at_the_first_minute_and_closes_before_the_last(void **state)
{
	static const char text[] = "Mon..Fri 02:00-05:00, Sat,Sun 00:00-24:00";

	(void)state;
	assert_false(is_open(text, MONDAY, 1, 59));
	assert_true(is_open(text, MONDAY, 2, 0));
	assert_true(is_open(text, FRIDAY, 4, 59));
	assert_false(is_open(text, FRIDAY, 5, 0));
	assert_true(is_open(text, SATURDAY, 0, 0));
	assert_true(is_open(text, SUNDAY, 23, 59));
	assert_false(is_open(text, MONDAY, 0, 0));
}

static void runs_over_midnight_from_the_day_that_is_named(void **state)
{
	(void)state;
	assert_true(is_open("Sun 22:30-01:15", SUNDAY, 22, 30));
	assert_true(is_open("Sun 22:30-01:15", MONDAY, 1, 14));
	assert_false(is_open("Sun 22:30-01:15", MONDAY, 1, 15));
	assert_false(is_open("Sun 22:30-01:15", SUNDAY, 1, 0));
	assert_true(is_open("23:00-00:00", WEDNESDAY, 23, 59));
	assert_false(is_open("23:00-00:00", WEDNESDAY, 0, 0));
}

static void takes_days_as_systemd_writes_them(void **state)
{
	(void)state;
	for (int day = SUNDAY; day <= SATURDAY; day++) {
		bool expected = day == SATURDAY || day == SUNDAY || day == MONDAY || day == WEDNESDAY;

		assert_int_equal(is_open("saturday..MON, Wednesday 10:00-11:00", day, 10, 30), expected);
		assert_int_equal(is_open("Tue..Tue 10:00-11:00", day, 10, 30), day == TUESDAY);
	}
}

static void says_what_is_no_window(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"Noday 02:00-05:00", "does not begin with a day"},
		{"Mo 02:00-05:00", "does not begin with a day"},
		{"Mon.. 02:00-05:00", "does not begin with a day"},
		{"Mon, 02:00-05:00", "does not begin with a day"},
		{"Mon", "does not begin with a time"},
		{"2:00-05:00", "does not begin with a time"},
		{"02:60-05:00", "does not begin with a time"},
		{"24:01-05:00", "does not begin with a time"},
		{"02:00-", "does not begin with a time"},
		{"02:00", "is not of the form 02:00-05:00"},
		{"02:00-02:00", "has no length"},
		{"24:00-02:00", "has no length"},
		{"02:00-05:00 Mon", "without a comma"},
		{"02:00-05:00,", "does not begin with a time"},
		{"Sat 00:00-12:00, 14:00-15:00", "name the days of each stretch, or of none"},
		{"14:00-15:00, Sat 00:00-12:00", "name the days of each stretch, or of none"},
		{"any, 02:00-05:00", "does not begin with a day"},
	};
	Error error = ERROR_INIT;
	Window window = {.n = 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(window_parse(bad[i].text, &window, &error), &error, bad[i].why);
	assert_int_equal(window.n, 7);
}

static void has_only_so_many_stretches(void **state)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;
	Window window;

	(void)state;
	assert_done(buffer_append_format(&text, &error, "00:00-00:01"), &error);
	for (int i = 1; i < WINDOW_STRETCHES_MAX; i++)
		assert_done(buffer_append_format(&text, &error, ", %02d:00-%02d:01", i, i), &error);
	assert_done(window_parse((const char *)text.data, &window, &error), &error);
	assert_int_equal(window.n, WINDOW_STRETCHES_MAX);
	assert_done(buffer_append_format(&text, &error, ", 23:00-23:01"), &error);
	assert_fails(window_parse((const char *)text.data, &window, &error), &error, "at most 16");
}

static int64_t opening(const char *text, int64_t now)
{
	const Window window = parse(text);

	return window_next_opening(&window, now);
}

static void use_time_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void knows_when_it_opens_next(void **state)
{
	enum { MONDAY_NOON = 1772452800 /* 2026-03-02T12:00:00Z */, HOUR = 3600 };

	(void)state;
	use_time_zone("UTC0");
	assert_int_equal(opening("", MONDAY_NOON + 7), MONDAY_NOON + 7);
	assert_int_equal(opening("Mon 11:00-13:00", MONDAY_NOON + 7), MONDAY_NOON + 7);
	assert_int_equal(opening("Mon 14:00-15:00", MONDAY_NOON + 7), MONDAY_NOON + 2 * HOUR);
	assert_int_equal(opening("02:00-05:00", MONDAY_NOON + 7), MONDAY_NOON + 14 * HOUR);
	assert_int_equal(opening("Mon 02:00-05:00", MONDAY_NOON), MONDAY_NOON + (7 * 24 - 10) * HOUR);
	use_time_zone("XXX-3");
	assert_int_equal(opening("Mon 16:00-17:00", MONDAY_NOON), MONDAY_NOON + HOUR);
}

/* Central Europe: on Sunday 2026-03-29 the clocks go from 02:00 to 03:00. */
static void an_hour_that_the_clocks_leave_out_opens_nothing(void **state)
{
	enum { MIDNIGHT = 1774738800 /* that Sunday's, local */, HOUR = 3600, WEEK = 7 * 24 * HOUR };

	(void)state;
	use_time_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(opening("Sun 02:00-03:00", MIDNIGHT), MIDNIGHT + WEEK - HOUR + 2 * HOUR);
	assert_int_equal(opening("Sun 02:30-03:30", MIDNIGHT), MIDNIGHT + 2 * HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_window_is_any_time),
		cmocka_unit_test(opens_at_the_first_minute_and_closes_before_the_last),
		cmocka_unit_test(runs_over_midnight_from_the_day_that_is_named),
		cmocka_unit_test(takes_days_as_systemd_writes_them),
		cmocka_unit_test(says_what_is_no_window),
		cmocka_unit_test(has_only_so_many_stretches),
		cmocka_unit_test(knows_when_it_opens_next),
		cmocka_unit_test(an_hour_that_the_clocks_leave_out_opens_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
