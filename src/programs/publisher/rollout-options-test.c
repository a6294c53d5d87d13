/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/rollout-options.h"

#include <string.h>

#include "base/test.h"

static void takes_what_a_manifest_may_say_and_no_more(void **userdata)
{
	ManifestRollout rollout = {.percent = 7, .hours = 7};
	Error error = ERROR_INIT;

	(void)userdata;
	assert_done(rollout_take_hours("2160", &rollout, &error), &error);
	assert_done(rollout_take_percent("0", &rollout, &error), &error);
	assert_done(rollout_take_urgent("yes", &rollout, &error), &error);
	assert_int_equal(rollout.hours, 2160);
	assert_int_equal(rollout.percent, 0);
	assert_true(rollout.urgent);
	assert_fails(rollout_take_hours("2161", &rollout, &error), &error, "not between 0 and 2160");
	assert_fails(rollout_take_percent("101", &rollout, &error), &error, "not between 0 and 100");
	assert_fails(rollout_take_percent("-1", &rollout, &error), &error, "not between 0 and 100");
	assert_fails(rollout_take_percent("1.5", &rollout, &error), &error, "not a number");
	assert_fails(rollout_take_urgent("true", &rollout, &error), &error, "neither yes nor no");
	assert_int_equal(rollout.hours, 2160);
	assert_int_equal(rollout.percent, 0);
	assert_true(rollout.urgent);
}

static void says_who_gets_it(void **userdata)
{
	static const struct {
		ManifestRollout rollout;
		const char *text;
	} known[] = {
		{{.hours = 0, .percent = 100}, "goes to everybody at once"},
		{{.hours = 9, .percent = 0, .urgent = true}, "goes to everybody at once: it is urgent"},
		{{.hours = 9, .percent = 0}, "goes to nobody, of the devices that update by themselves"},
		{{.hours = 48, .percent = 100},
			"spreads over 48 hours, for devices that update by themselves"},
		{{.hours = 48, .percent = 10}, "spreads over 48 hours, to no more than 10 % of the devices "
					       "that update by themselves"},
		{{.hours = 0, .percent = 10},
			"goes to no more than 10 % of the devices that update by themselves"},
	};
	char text[ROLLOUT_TEXT_SIZE];

	(void)userdata;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_string_equal(rollout_to_text(&known[i].rollout, text), known[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_a_manifest_may_say_and_no_more),
		cmocka_unit_test(says_who_gets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
