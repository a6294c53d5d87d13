/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/fixture-config.h"

static void keeps_state_below_the_root_when_nothing_is_configured(void **state)
{
	ConfigFixture *fixture = *state;

	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_string_equal(fixture->config.state, "/some/root/var/lib/suture");
	assert_null(fixture->config.repository);
	assert_null(fixture->config.trust);
}

static void lets_the_administrator_win_over_the_vendor_and_drop_ins_over_both(void **state)
{
	ConfigFixture *fixture = *state;

	config_fixture_put(
		fixture, "usr/lib/suture/suture.conf", "[Suture]\nRepository=http://vendor\nState=/vendor\n");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_string_equal(fixture->config.repository, "http://vendor");
	config_fixture_put(
		fixture, "etc/suture/suture.conf", "# mine\n[Suture]\n  Repository = http://fleet \n");
	config_fixture_put(fixture, "etc/suture/suture.conf.d/20-b.conf", "[Suture]\nRepository=http://b\n");
	config_fixture_put(fixture, "etc/suture/suture.conf.d/10-a.conf", "[Suture]\nRepository=http://a\n");
	config_fixture_put(fixture, "etc/suture/suture.conf.d/30.disabled", "nonsense");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_string_equal(fixture->config.repository, "http://b");
	assert_string_equal(fixture->config.state, "/vendor");
}

static void names_file_and_line_of_what_it_does_not_know(void **state)
{
	ConfigFixture *fixture = *state;

	config_fixture_put(fixture, "etc/suture/suture.conf", "[Suture]\n\nRepositry=http://x\n");
	assert_fails(config_fixture_load(fixture), &fixture->error,
		"etc/suture/suture.conf:3: unknown key \"Repositry\"");
	config_fixture_put(fixture, "etc/suture/suture.conf", "[Other]\n");
	assert_fails(config_fixture_load(fixture), &fixture->error,
		"etc/suture/suture.conf:1: unknown section [Other]");
	config_fixture_put(fixture, "etc/suture/suture.conf", "[Suture]\nRepository\n");
	assert_fails(config_fixture_load(fixture), &fixture->error,
		"suture.conf:2: \"Repository\" is not of the form Key=Value");
}

static void knows_what_integrity_can_be_demanded(void **state)
{
	ConfigFixture *fixture = *state;

	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_int_equal(fixture->config.integrity, INTEGRITY_ANY);
	config_fixture_put(fixture, "usr/lib/suture/suture.conf", "[Suture]\nIntegrity=kernel\n");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_int_equal(fixture->config.integrity, INTEGRITY_KERNEL);
	config_fixture_put(fixture, "etc/suture/suture.conf", "[Suture]\nIntegrity=fs-verity\n");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_int_equal(fixture->config.integrity, INTEGRITY_FS_VERITY);
	config_fixture_put(fixture, "etc/suture/suture.conf", "[Suture]\nIntegrity=Kernel\n");
	assert_fails(config_fixture_load(fixture), &fixture->error,
		"etc/suture/suture.conf:2: Integrity: \"Kernel\" is not any, kernel, dm-verity or fs-verity");
}

static void takes_no_less_than_what_is_demanded(void **state)
{
	static const bool takes[][3] = {
		[INTEGRITY_ANY] = {true, true, true},
		[INTEGRITY_KERNEL] = {false, true, true},
		[INTEGRITY_DM_VERITY] = {false, false, true},
		[INTEGRITY_FS_VERITY] = {false, true, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(takes); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(takes[i]); j++)
			assert_int_equal(integrity_takes((Integrity)i, (Protection)j), takes[i][j]);
}

static void prefers_the_administrators_trusted_root(void **state)
{
	ConfigFixture *fixture = *state;

	config_fixture_put(fixture, "usr/lib/suture/root.json", "{}");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_string_equal(fixture->config.trust, "/some/root/usr/lib/suture/root.json");
	config_fixture_put(fixture, "etc/suture/root.json", "{}");
	assert_done(config_fixture_load(fixture), &fixture->error);
	assert_string_equal(fixture->config.trust, "/some/root/etc/suture/root.json");
}

/* Another system's tree may hold any symlink. */
static void does_not_follow_a_symlink_out_of_the_root(void **state)
{
	ConfigFixture *fixture = *state;
	CLEANUP_FREE char *inside = NULL;

	assert_done(
		file_make_directories(fixture->root, "var", 0755, NULL, &fixture->error), &fixture->error);
	assert_done(file_make_directories(fixture->root, "srv/lib", 0755, NULL, &fixture->error),
		&fixture->error);
	assert_int_equal(symlinkat("/srv/lib", fixture->root, "var/lib"), 0);
	assert_int_equal(symlinkat("/etc/passwd", fixture->root, "etc/suture/suture.conf"), 0);
	assert_done(config_load(fixture->root, fixture->path, &fixture->config, &fixture->error),
		&fixture->error);
	assert_int_equal(asprintf(&inside, "%s/srv/lib/suture", fixture->path) < 0, 0);
	assert_string_equal(fixture->config.state, inside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_state_below_the_root_when_nothing_is_configured,
			config_fixture_set_up, config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			lets_the_administrator_win_over_the_vendor_and_drop_ins_over_both,
			config_fixture_set_up, config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(names_file_and_line_of_what_it_does_not_know,
			config_fixture_set_up, config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(knows_what_integrity_can_be_demanded, config_fixture_set_up,
			config_fixture_tear_down),
		cmocka_unit_test(takes_no_less_than_what_is_demanded),
		cmocka_unit_test_setup_teardown(prefers_the_administrators_trusted_root,
			config_fixture_set_up, config_fixture_tear_down),
		cmocka_unit_test_setup_teardown(does_not_follow_a_symlink_out_of_the_root,
			config_fixture_set_up, config_fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
