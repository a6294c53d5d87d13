/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/policy.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

typedef struct Fixture {
	char *path;
	int root;
	Config config;
	Error error;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || file_temporary_directory("suture-policy", &fixture->path, &fixture->error) < 0)
		return -1;
	fixture->root = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = fixture;
	if (file_make_directories(fixture->root, "usr/lib/suture/policy.d", 0755, NULL, &fixture->error) < 0)
		return -1;
	return file_make_directories(fixture->root, "etc/suture/policy.d", 0755, NULL, &fixture->error);
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	config_clear(&fixture->config);
	(void)close_keeping_errno(fixture->root);
	(void)file_remove_tree(AT_FDCWD, fixture->path, NULL);
	free(fixture->path);
	free(fixture);
	return 0;
}

static void put(Fixture *fixture, const char *name, const char *text)
{
	assert_done(file_replace(fixture->root, name, bytes_of_text(text), 0644, &fixture->error),
		&fixture->error);
}

static void load(Fixture *fixture)
{
	config_clear(&fixture->config);
	assert_done(config_load(fixture->root, fixture->path, &fixture->config, &fixture->error),
		&fixture->error);
}

static void forbids_nothing_without_a_policy(void **state)
{
	Fixture *fixture = *state;

	load(fixture);
	assert_done(policy_check(&fixture->config, &fixture->error), &fixture->error);
	assert_done(policy_check_removal(&fixture->config, &fixture->error), &fixture->error);
	assert_done(policy_check_install(&fixture->config, &fixture->error), &fixture->error);
	assert_true(fixture->config.automatic.install);
	assert_false(fixture->config.automatic.restart);
	assert_int_equal(fixture->config.automatic.battery, 10);
}

static void forbids_to_people_and_names_its_file(void **state)
{
	Fixture *fixture = *state;

	put(fixture, "usr/lib/suture/policy.d/a.conf", "[Policy]\nRemoval=no\nManualInstall=no\n");
	put(fixture, "etc/suture/policy.d/b.conf", "[Policy]\nManualInstall=yes\n");
	load(fixture);
	assert_fails(policy_check_removal(&fixture->config, &fixture->error), &fixture->error,
		"Removal=no in /usr/lib/suture/policy.d/a.conf");
	assert_done(policy_check_install(&fixture->config, &fixture->error), &fixture->error);
	/* What nobody asks for goes on. */
	assert_done(policy_check(&fixture->config, &fixture->error), &fixture->error);
	put(fixture, "etc/suture/policy.d/a.conf", "");
	load(fixture);
	assert_done(policy_check_removal(&fixture->config, &fixture->error), &fixture->error);
}

static void lets_the_administrator_speak_last_whatever_the_names(void **state)
{
	Fixture *fixture = *state;

	put(fixture, "usr/lib/suture/policy.d/99.conf", "[Automatic]\nDeferDays=1\n[Policy]\nPin=x a\n");
	put(fixture, "etc/suture/policy.d/10.conf", "[Automatic]\nDeferDays=2\n[Policy]\nPin=x b\n");
	load(fixture);
	assert_int_equal(fixture->config.automatic.defer_days, 2);
	assert_int_equal(pins_find(&fixture->config.policy.pins, "x")->sequence, 2);
}

static void wins_over_files_and_the_command_line(void **state)
{
	Fixture *fixture = *state;

	put(fixture, "etc/suture/settings.conf", "[Suture]\nState=/chosen\nRepository=http://chosen\n");
	put(fixture, "etc/suture/policy.d/a.conf", "[Suture]\nState=/forced\n");
	load(fixture);
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
	Fixture *fixture = *state;

	put(fixture, "usr/lib/suture/policy.d/a.conf", "[Policy]\nRemovable=no\n");
	put(fixture, "etc/suture/policy.d/b.conf", "[Policy]\nManualInstall=no\nPin=x base\n");
	load(fixture);
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
		cmocka_unit_test_setup_teardown(forbids_nothing_without_a_policy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forbids_to_people_and_names_its_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			lets_the_administrator_speak_last_whatever_the_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wins_over_files_and_the_command_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			forbids_everything_when_it_cannot_be_understood, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
