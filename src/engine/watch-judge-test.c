/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch-judge.h"

#include "base/test.h"

#include <stdio.h>
#include <string.h>

enum { A = 1, B = 2 };

static const WatchRule three_in_ten = {.crashes = 3, .minutes = 10};

static uint64_t crash(WatchJudge *judge, int64_t minute, uint64_t sets, const char *name)
{
	WatchCrash item = {.time = minute * 60, .sets = sets};

	(void)snprintf(item.name, sizeof(item.name), "%s", name);
	return watch_judge_add(judge, &item);
}

static void three_crashes_in_ten_minutes_are_too_many(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	assert_int_equal(crash(&judge, 0, A, "cron"), 0);
	assert_int_equal(crash(&judge, 5, A, "cron"), 0);
	assert_int_equal(crash(&judge, 9, A, "cron"), A);
}

static void crashes_that_are_spread_over_more_are_not(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	for (int64_t i = 0; i < 20; i++)
		assert_int_equal(crash(&judge, i * 5, A, "cron"), 0);
}

static void the_rule_decides(void **state)
{
	WatchJudge judge = {.rule = {.crashes = 2, .minutes = 60}};

	(void)state;
	assert_int_equal(crash(&judge, 0, A, "cron"), 0);
	assert_int_equal(crash(&judge, 59, A, "cron"), A);
}

static void a_crash_counts_against_all_that_was_mapped_and_nothing_else(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	assert_int_equal(crash(&judge, 0, A | B, "cron"), 0);
	assert_int_equal(crash(&judge, 1, A, "at"), 0);
	assert_int_equal(crash(&judge, 2, A | B, "cron"), A);
	assert_int_equal(crash(&judge, 3, B, "ssh"), B);
}

static void crashes_without_any_count_against_nothing(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	for (int64_t i = 0; i < 10; i++)
		assert_int_equal(crash(&judge, i, 0, "loop"), 0);
	assert_int_equal(crash(&judge, 9, A, "cron"), 0);
}

static void a_program_that_crashes_as_often_without_says_nothing(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	for (int64_t i = 0; i < 3; i++)
		assert_int_equal(crash(&judge, i, 0, "loop"), 0);
	for (int64_t i = 3; i < 9; i++)
		assert_int_equal(crash(&judge, i, A, "loop"), 0);
	assert_int_equal(crash(&judge, 9, A, "cron"), 0);
}

static void one_crash_without_is_no_excuse(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	assert_int_equal(crash(&judge, 0, 0, "cron"), 0);
	assert_int_equal(crash(&judge, 1, A, "cron"), 0);
	assert_int_equal(crash(&judge, 2, A, "cron"), 0);
	assert_int_equal(crash(&judge, 3, A, "cron"), A);
}

static void the_newest_goes_first(void **state)
{
	WatchSet sets[WATCH_SETS_MAX] = {{.installed = 5}, {.installed = 9}, {.installed = 7}};

	(void)state;
	assert_int_equal(watch_judge_choose(7, sets), 1);
	assert_int_equal(watch_judge_choose(5, sets), 2);
	assert_int_equal(watch_judge_choose(1, sets), 0);
}

static void of_those_that_came_at_once_one_that_no_boot_has_proven(void **state)
{
	WatchSet sets[WATCH_SETS_MAX] = {{5, true}, {5, false}, {5, false}};

	(void)state;
	assert_int_equal(watch_judge_choose(7, sets), 1);
	assert_int_equal(watch_judge_choose(5, sets), 2);
}

static void what_is_explained_by_one_that_went_does_not_count_against_others(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	(void)crash(&judge, 0, A | B, "cron");
	(void)crash(&judge, 1, A | B, "cron");
	assert_int_equal(crash(&judge, 2, A | B, "cron"), A | B);
	watch_judge_forget(&judge, 1);
	assert_int_equal(crash(&judge, 3, A, "cron"), 0);
	assert_int_equal(crash(&judge, 4, A, "cron"), 0);
	assert_int_equal(crash(&judge, 5, A, "cron"), A);
}

static void names_who_crashed(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};
	char text[WATCH_WHO_SIZE];

	(void)state;
	(void)crash(&judge, 0, A, "cron");
	(void)crash(&judge, 1, A, "cron");
	assert_string_equal(watch_judge_who(&judge, 0, text), "cron");
	(void)crash(&judge, 2, A, "at");
	assert_string_equal(watch_judge_who(&judge, 0, text), "at and others");
}

static void a_flood_of_crashes_is_bounded(void **state)
{
	WatchJudge judge = {.rule = three_in_ten};

	(void)state;
	for (int i = 0; i < 3 * WATCH_REMEMBERED_MAX; i++)
		(void)crash(&judge, 0, 0, "loop");
	assert_int_equal(judge.n, WATCH_REMEMBERED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_crashes_in_ten_minutes_are_too_many),
		cmocka_unit_test(crashes_that_are_spread_over_more_are_not),
		cmocka_unit_test(the_rule_decides),
		cmocka_unit_test(a_crash_counts_against_all_that_was_mapped_and_nothing_else),
		cmocka_unit_test(crashes_without_any_count_against_nothing),
		cmocka_unit_test(a_program_that_crashes_as_often_without_says_nothing),
		cmocka_unit_test(one_crash_without_is_no_excuse),
		cmocka_unit_test(the_newest_goes_first),
		cmocka_unit_test(of_those_that_came_at_once_one_that_no_boot_has_proven),
		cmocka_unit_test(what_is_explained_by_one_that_went_does_not_count_against_others),
		cmocka_unit_test(names_who_crashed),
		cmocka_unit_test(a_flood_of_crashes_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
