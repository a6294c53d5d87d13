/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/settings.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"
#include "base/text.h"

static int parse(SettingsLayer *layer, const char *text, SettingSource source, Error *error)
{
	CLEANUP_FREE char *copy = NULL;

	assert_int_equal(text_copy(text, &copy, error), 0);
	return settings_parse(layer, copy, "x.conf", source, error);
}

static const char *text_of(const SettingsLayer *layer, const char *key)
{
	int index = settings_find(key, NULL);

	assert_true(index >= 0);
	return layer->values[index].text;
}

static void every_row_of_the_table_is_whole_and_its_key_its_own(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		const Setting *each = &settings_table[i];

		assert_int_equal(settings_find(each->key, &error), i);
		assert_true(strlen(each->meaning) > 0);
		assert_int_equal(each->words != NULL, each->type == SETTING_WORD);
		if (each->type != SETTING_TEXT && each->type != SETTING_PINS)
			assert_done(settings_check(each, each->initial, &error), &error);
	}
	assert_fails(settings_find("install", &error), &error, "there is Install=");
}

static void takes_values_with_the_line_that_says_so(void **state)
{
	CLEANUP_SETTINGS_LAYER SettingsLayer layer = {.problem = NULL};
	Error error = ERROR_INIT;
	int index = settings_find("Install", NULL);

	(void)state;
	assert_done(parse(&layer, "Repository=http://x\n[Automatic]\n\nInstall=off\nBattery=5\n",
			    SOURCE_VENDOR, &error),
		&error);
	assert_string_equal(text_of(&layer, "Repository"), "http://x");
	assert_string_equal(text_of(&layer, "Install"), "off");
	assert_int_equal(layer.values[index].line, 4);
	assert_string_equal(layer.values[index].file, "x.conf");
	assert_int_equal(layer.values[index].source, SOURCE_VENDOR);
	assert_done(parse(&layer, "[Automatic]\nBattery=\n", SOURCE_ADMINISTRATOR, &error), &error);
	assert_null(text_of(&layer, "Battery"));
}

static void refuses_each_wrong_line_of_a_file(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"[Automatic]\nInstall=maybe\n", "x.conf:2: Install: \"maybe\" is not yes or no"},
		{"[Automatic]\nBattery=-1\n", "x.conf:2: Battery: "},
		{"[Automatic]\nMetered=no\n", "x.conf:2: Metered: \"no\" is not never, urgent or always"},
		{"[Automatic]\nWindow=1\n", "x.conf:2: Window: "},
		{"[Automatic]\nRepository=http://x\n",
			"x.conf:2: Repository= belongs into the section [Suture]"},
		{"Install=yes\n", "x.conf:1: Install= belongs into the section [Automatic]"},
		{"[Policy]\nRemoval=no\n", "x.conf:1: [Policy] belongs into /etc/suture/policy.d"},
		{"[Other]\n", "x.conf:1: unknown section [Other]"},
	};
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP_SETTINGS_LAYER SettingsLayer layer = {.problem = NULL};

		assert_fails(parse(&layer, bad[i].text, SOURCE_ADMINISTRATOR, &error), &error, bad[i].why);
	}
}

static void a_policy_remembers_its_first_problem_and_goes_on(void **state)
{
	CLEANUP_SETTINGS_LAYER SettingsLayer layer = {.problem = NULL};
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse(&layer,
			    "[Policy]\nRemoval=never\nwhat\nManualInstall=no\nPin=x\nPin=y b\n[Other]\n"
			    "Install=no\n[Automatic]\nInstall=yes\n",
			    SOURCE_POLICY, &error),
		&error);
	assert_string_equal(layer.problem, "x.conf:2: Removal: \"never\" is not yes or no");
	assert_null(text_of(&layer, "Removal"));
	assert_string_equal(text_of(&layer, "ManualInstall"), "no");
	assert_string_equal(text_of(&layer, "Install"), "yes");
	assert_int_equal(layer.pins.n, 1);
}

static void an_urgent_release_is_not_deferred(void **state)
{
	enum { DAY = 24 * 60 * 60 };
	const AutomaticSettings automatic = {.defer_days = 30};

	(void)state;
	assert_int_equal(settings_due(&automatic, 1000, false), 1000 + 30 * DAY);
	assert_int_equal(settings_due(&automatic, 1000, true), 1000);
	assert_int_equal(settings_due(&automatic, INT64_MAX - 5, false), INT64_MAX);
	assert_true(settings_allow(SETTINGS_ALWAYS, false));
	assert_true(settings_allow(SETTINGS_URGENT, true));
	assert_false(settings_allow(SETTINGS_URGENT, false));
	assert_false(settings_allow(SETTINGS_NEVER, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_table_is_whole_and_its_key_its_own),
		cmocka_unit_test(takes_values_with_the_line_that_says_so),
		cmocka_unit_test(refuses_each_wrong_line_of_a_file),
		cmocka_unit_test(a_policy_remembers_its_first_problem_and_goes_on),
		cmocka_unit_test(an_urgent_release_is_not_deferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
