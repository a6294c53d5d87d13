/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdio.h>
#include <string.h>

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
	assert_true(facts.is_loaded && facts.is_active && facts.has_file && facts.can_restart);
	assert_false(
		facts.is_job || facts.is_done || facts.has_failed || facts.has_socket || facts.is_connection);
	assert_true(facts.main_pid > 0);
	assert_int_equal(facts.n_along, 0);
}

static void tells_a_unit_that_is_not_known(void **state)
{
	UnitFacts facts;

	test_manager_need(*state);
	facts = read_facts(state, "missing.service");
	assert_false(facts.is_loaded || facts.is_active || facts.can_restart);
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
	assert_false(read_facts(state, "refusing.service").can_restart);
	assert_true(read_facts(state, "puller.service").can_restart);
}

static void tells_a_job_from_a_service(void **state)
{
	test_manager_start(
		with_unit(state, "job.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\n"),
		"job.service");
	test_manager_start(with_unit(state, "done.service",
				   "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"),
		"done.service");
	assert_true(read_facts(state, "job.service").is_job);
	assert_true(read_facts(state, "job.service").is_active);
	assert_false(read_facts(state, "job.service").is_done);
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

static void knows_the_socket_that_listens_on(void **state)
{
	const TestManager *test = *state;
	char text[256];

	test_manager_need(test);
	(void)snprintf(text, sizeof(text), "[Socket]\nListenStream=%s/listening\n", test->path);
	test_manager_write(test, "listening.socket", text);
	test_manager_write(test, "listening.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	test_manager_start(test, "listening.socket");
	test_manager_start(test, "listening.service");
	assert_true(read_facts(state, "listening.service").has_socket);
	assert_false(read_facts(state, "listening.service").is_connection);
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
		cmocka_unit_test(knows_the_socket_that_listens_on),
		cmocka_unit_test(refuses_what_is_no_name),
		cmocka_unit_test(tells_facts_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, test_manager_setup, test_manager_teardown);
}
