/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/policy.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/fixture-config.h"

static void forbids_nothing_without_a_policy(void **state)
{
	ConfigFixture *fixture = *state;

	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_done(policy_check(&fixture->config, &fixture->error), &fixture->error);
	assert_done(policy_check_removal(&fixture->config, &fixture->error), &fixture->error);
	assert_done(policy_check_install(&fixture->config, &fixture->error), &fixture->error);
	assert_true(fixture->config.automatic.install);
	assert_false(fixture->config.automatic.restart);
	assert_int_equal(fixture->config.automatic.battery, 10);
}

static void forbids_to_people_and_names_its_file(void **state)
{
	ConfigFixture *fixture = *state;

	config_fixture_put(
		fixture, "usr/lib/suture/policy.d/a.conf", "[Policy]\nRemoval=no\nManualInstall=no\n");
	config_fixture_put(fixture, "etc/suture/policy.d/b.conf", "[Policy]\nManualInstall=yes\n");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_fails(policy_check_removal(&fixture->config, &fixture->error), &fixture->error,
		"Removal=no in /usr/lib/suture/policy.d/a.conf");
	assert_done(policy_check_install(&fixture->config, &fixture->error), &fixture->error);
	/* What nobody asks for goes on. */
	assert_done(policy_check(&fixture->config, &fixture->error), &fixture->error);
	config_fixture_put(fixture, "etc/suture/policy.d/a.conf", "");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_done(policy_check_removal(&fixture->config, &fixture->error), &fixture->error);
}

static void lets_the_administrator_speak_last_whatever_the_names(void **state)
{
	ConfigFixture *fixture = *state;

	config_fixture_put(
		fixture, "usr/lib/suture/policy.d/99.conf", "[Automatic]\nDeferDays=1\n[Policy]\nPin=x a\n");
	config_fixture_put(
		fixture, "etc/suture/policy.d/10.conf", "[Automatic]\nDeferDays=2\n[Policy]\nPin=x b\n");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_int_equal(fixture->config.automatic.defer_days, 2);
	assert_int_equal(pins_find(&fixture->config.policy.pins, "x")->sequence, 2);
}

static void wins_over_files_and_the_command_line(void **state)
{
	ConfigFixture *fixture = *state;

	config_fixture_put(
		fixture, "etc/suture/settings.conf", "[Suture]\nState=/chosen\nRepository=http://chosen\n");
	config_fixture_put(fixture, "etc/suture/policy.d/a.conf", "[Suture]\nState=/forced\n");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_string_equal(fixture->config.state, "/forced");
	assert_fails(config_override(&fixture->config, "State", "/other", &fixture->error), &fixture->error,
		"State=/forced is the policy here and cannot be changed: /etc/suture/policy.d/a.conf:2");
	assert_done(config_override(&fixture->config, "State", NULL, &fixture->error), &fixture->error);
	assert_done(config_override(&fixture->config, "Repository", "http://mine", &fixture->error),
		&fixture->error);
	assert_string_equal(fixture->config.repository, "http://mine");
	assert_string_equal(fixture->config.state, "/forced");
}

static void forbids_everything_when_it_cannot_be_understood(void **state)
{
	ConfigFixture *fixture = *state;

	config_fixture_put(fixture, "usr/lib/suture/policy.d/a.conf", "[Policy]\nRemovable=no\n");
	config_fixture_put(fixture, "etc/suture/policy.d/b.conf", "[Policy]\nManualInstall=no\nPin=x base\n");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_fails(policy_check(&fixture->config, &fixture->error), &fixture->error,
		"usr/lib/suture/policy.d/a.conf:2: unknown key \"Removable\"");
	assert_fails(policy_check_removal(&fixture->config, &fixture->error), &fixture->error, "a.conf:2");
	assert_fails(policy_check_install(&fixture->config, &fixture->error), &fixture->error, "a.conf:2");
	/* The files behind it count. */
	assert_false(fixture->config.policy.manual_install);
	assert_non_null(pins_find(&fixture->config.policy.pins, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			forbids_nothing_without_a_policy, config_fixture_set_up, config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(forbids_to_people_and_names_its_file, config_fixture_set_up,
			config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(lets_the_administrator_speak_last_whatever_the_names,
			config_fixture_set_up, config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(wins_over_files_and_the_command_line, config_fixture_set_up,
			config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(forbids_everything_when_it_cannot_be_understood,
			config_fixture_set_up, config_fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
