/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parts/units/test-manager.h"
#include "parts/units/unit-facts.h"

static UnitFacts read_facts(void **state, const char *unit)
{
	const TestManager *test = *state;
	CLEANUP(manager_free) Manager *manager = NULL;
	UnitFacts facts = {.is_loaded = false};
	Error error = ERROR_INIT;

	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	(void)snprintf(facts.name, sizeof(facts.name), "%s", unit);
	assert_done(unit_facts_read(manager, &facts, &error), &error);
	return facts;
}

static const TestManager *with_unit(void **state, const char *unit, const char *text)
{
	const TestManager *test = *state;

	test_manager_need(test);
	test_manager_write(test, unit, text);
	return test;
}

static void tells_a_service_that_runs(void **state)
{
	UnitFacts facts;

	test_manager_start(with_unit(state, "plain.service", "[Service]\nExecStart=/bin/sleep infinity\n"),
		"plain.service");
	facts = read_facts(state, "plain.service");
	assert_true(facts.is_loaded && facts.is_active);
	assert_int_equal(facts.obstacle, UNIT_OBSTACLE_NONE);
	assert_false(facts.has_failed || facts.stops_others);
	assert_true(facts.main_pid > 0);
	assert_int_equal(facts.n_along, 0);
}

static void tells_a_unit_that_is_not_known(void **state)
{
	UnitFacts facts;

	test_manager_need(*state);
	facts = read_facts(state, "missing.service");
	assert_false(facts.is_loaded || facts.is_active);
	assert_int_equal(facts.obstacle, UNIT_OBSTACLE_GONE);
}

static void tells_whether_a_start_may_be_counted(void **state)
{
	test_manager_start(with_unit(state, "limited.service",
				   "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n"
				   "[Service]\nExecStart=/bin/sleep infinity\n"),
		"limited.service");
	test_manager_start(
		with_unit(state, "unlimited.service",
			"[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep infinity\n"),
		"unlimited.service");
	assert_true(read_facts(state, "limited.service").is_limited);
	assert_false(read_facts(state, "unlimited.service").is_limited);
}

static void tells_who_may_not_be_restarted_by_hand(void **state)
{
	test_manager_write(
		with_unit(state, "refusing.service",
			"[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep infinity\n"),
		"puller.service",
		"[Unit]\nWants=refusing.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	test_manager_start(*state, "puller.service");
	assert_int_equal(read_facts(state, "refusing.service").obstacle, UNIT_OBSTACLE_REFUSES);
	assert_int_equal(read_facts(state, "puller.service").obstacle, UNIT_OBSTACLE_NONE);
}

/* It is active from the first instant of its work. */
static void wait_until_done(void **state, const char *unit)
{
	while (read_facts(state, unit).obstacle == UNIT_OBSTACLE_JOB)
		(void)poll(NULL, 0, 20);
	assert_int_equal(read_facts(state, unit).obstacle, UNIT_OBSTACLE_DONE);
}

static void tells_a_job_from_a_service(void **state)
{
	test_manager_start(
		with_unit(state, "job.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\n"),
		"job.service");
	test_manager_start(with_unit(state, "done.service",
				   "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"),
		"done.service");
	assert_true(read_facts(state, "job.service").is_active);
	assert_int_equal(read_facts(state, "job.service").obstacle, UNIT_OBSTACLE_JOB);
	wait_until_done(state, "done.service");
}

static void names_what_restarts_along_and_what_that_takes_along(void **state)
{
	UnitFacts facts;

	test_manager_write(with_unit(state, "one.service", "[Service]\nExecStart=/bin/sleep infinity\n"),
		"two.service", "[Unit]\nRequires=one.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	test_manager_write(*state, "three.service",
		"[Unit]\nPartOf=two.service\nAfter=two.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	test_manager_write(*state, "wanting.service",
		"[Unit]\nWants=one.service\nAfter=one.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	test_manager_start(*state, "two.service");
	test_manager_start(*state, "three.service");
	test_manager_start(*state, "wanting.service");
	facts = read_facts(state, "one.service");
	assert_int_equal(facts.n_along, 2);
	assert_string_equal(facts.along[0].name, "two.service");
	assert_string_equal(facts.along[1].name, "three.service");
	assert_false(facts.too_many_along);
}

static UnitObstacle obstacle_along(const UnitFacts *facts, const char *name)
{
	for (uint32_t i = 0; i < facts->n_along; i++)
		if (strcmp(facts->along[i].name, name) == 0)
			return facts->along[i].obstacle;
	fail_msg("%s would not restart along", name);
	return UNIT_OBSTACLE_NONE;
}

static void tells_what_stands_against_a_restart_along(void **state)
{
	UnitFacts facts;

	test_manager_start(with_unit(state, "database.service", "[Service]\nExecStart=/bin/sleep infinity\n"),
		"database.service");
	test_manager_write(*state, "filled.service",
		"[Unit]\nRequires=database.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
		"ExecStart=/bin/true\n");
	test_manager_write(*state, "stays.service",
		"[Unit]\nRequires=database.service\nRefuseManualStop=yes\n[Service]\n"
		"ExecStart=/bin/sleep infinity\n");
	test_manager_write(*state, "user.service",
		"[Unit]\nRequires=database.service\nWants=stays.service\n[Service]\n"
		"ExecStart=/bin/sleep infinity\n");
	test_manager_start(*state, "filled.service");
	test_manager_start(*state, "user.service");
	test_manager_start(*state, "stays.service");
	wait_until_done(state, "filled.service");
	facts = read_facts(state, "database.service");
	assert_int_equal(facts.obstacle, UNIT_OBSTACLE_NONE);
	assert_int_equal(obstacle_along(&facts, "filled.service"), UNIT_OBSTACLE_DONE);
	assert_int_equal(obstacle_along(&facts, "stays.service"), UNIT_OBSTACLE_REFUSES);
	assert_int_equal(obstacle_along(&facts, "user.service"), UNIT_OBSTACLE_NONE);
}

static void tells_when_another_would_stop_for_good(void **state)
{
	test_manager_write(with_unit(state, "leader.service",
				   "[Unit]\nPropagatesStopTo=follower.service equal.service\n"
				   "[Service]\nExecStart=/bin/sleep infinity\n"),
		"follower.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	test_manager_write(*state, "equal.service",
		"[Unit]\nRequires=leader.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	test_manager_start(*state, "leader.service");
	test_manager_start(*state, "equal.service");
	/* What restarts along starts again, and what does not run cannot stop. */
	assert_false(read_facts(state, "leader.service").stops_others);
	test_manager_start(*state, "follower.service");
	assert_true(read_facts(state, "leader.service").stops_others);
	assert_false(read_facts(state, "follower.service").stops_others);
}

static void knows_a_display_manager_by_its_other_name(void **state)
{
	const TestManager *test = *state;
	UnitFacts facts;
	char path[256];

	test_manager_write(
		with_unit(state, "screen-data.service", "[Service]\nExecStart=/bin/sleep infinity\n"),
		"my-greeter.service",
		"[Unit]\nRequires=screen-data.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	(void)snprintf(path, sizeof(path), "%s/units/display-manager.service", test->path);
	assert_int_equal(symlink("my-greeter.service", path), 0);
	test_manager_start(test, "display-manager.service");
	test_manager_start(test, "screen-data.service");
	assert_true(read_facts(state, "my-greeter.service").is_display_manager);
	facts = read_facts(state, "screen-data.service");
	assert_false(facts.is_display_manager);
	assert_int_equal(facts.n_along, 1);
	assert_true(facts.along[0].is_display_manager);
}

static void refuses_what_is_no_name(void **state)
{
	static const char *const names[] = {"", "a b.service", "../a.service", "user@1.service/a.service",
		"a\n.service", "\xff.service", "\xc3\xa4.service"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		UnitFacts facts = {.is_loaded = false};
		Error error = ERROR_INIT;

		(void)snprintf(facts.name, sizeof(facts.name), "%s", names[i]);
		assert_fails(unit_facts_read(NULL, &facts, &error), &error, "not the name of a unit");
	}
}

static void tells_facts_that_cannot_be(void **state)
{
	UnitFacts sound = {.name = "a.service", .n_along = 1, .along = {{.name = "b.service"}}}, facts;

	(void)state;
	assert_true(unit_facts_are_sound(&sound));
	facts = sound;
	facts.n_along = UNIT_ALONG_MAX + 1;
	assert_false(unit_facts_are_sound(&facts));
	facts = sound;
	memset(facts.name, 'x', sizeof(facts.name));
	assert_false(unit_facts_are_sound(&facts));
	facts = sound;
	memset(facts.along[0].name, 'x', sizeof(facts.along[0].name));
	assert_false(unit_facts_are_sound(&facts));
	facts = sound;
	facts.along[0].name[0] = '\xc3';
	assert_false(unit_facts_are_sound(&facts));
	facts = sound;
	facts.along[0].obstacle = UNIT_OBSTACLE_SURVIVES + 1;
	assert_false(unit_facts_are_sound(&facts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_a_service_that_runs),
		cmocka_unit_test(tells_a_unit_that_is_not_known),
		cmocka_unit_test(tells_whether_a_start_may_be_counted),
		cmocka_unit_test(tells_who_may_not_be_restarted_by_hand),
		cmocka_unit_test(tells_a_job_from_a_service),
		cmocka_unit_test(names_what_restarts_along_and_what_that_takes_along),
		cmocka_unit_test(tells_what_stands_against_a_restart_along),
		cmocka_unit_test(tells_when_another_would_stop_for_good),
		cmocka_unit_test(knows_a_display_manager_by_its_other_name),
		cmocka_unit_test(refuses_what_is_no_name),
		cmocka_unit_test(tells_facts_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, test_manager_setup, test_manager_teardown);
}
