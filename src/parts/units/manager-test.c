/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "parts/units/test-manager.h"
#include "parts/units/unit-facts.h"

static Manager *open_manager(void **state)
{
	const TestManager *test = *state;
	Manager *manager = NULL;
	Error error = ERROR_INIT;

	test_manager_need(test);
	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	return manager;
}

static void knows_its_version(void **state)
{
	CLEANUP(manager_free) Manager *manager = open_manager(state);

	assert_true(manager_version(manager) >= 200);
}

/* The job for shutdown.target waits for the stop of a service that does not heed it. */
static void notices_that_the_system_is_to_go_down(void **state)
{
	CLEANUP(manager_free) Manager *manager = open_manager(state);
	const char *reason = "unset";
	Error error = ERROR_INIT;

	assert_done(manager_going_down(manager, &reason, &error), &error);
	assert_null(reason);
	test_manager_write(*state, "stubborn.service",
		"[Service]\nExecStart=/bin/sh -c 'trap : TERM; while :; do sleep 1; "
		"done'\nTimeoutStopSec=1h\n");
	test_manager_start(*state, "stubborn.service");
	assert_true(sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
			    "StartUnit", NULL, NULL, "ss", "shutdown.target", "replace") >= 0);
	assert_done(manager_going_down(manager, &reason, &error), &error);
	assert_non_null(reason);
	assert_non_null(strstr(reason, "going down"));
}

static void tells_names_of_units_from_others(void **state)
{
	(void)state;
	assert_true(manager_is_unit_name("a.service"));
	assert_true(manager_is_unit_name("dev-disk-by\\x2dlabel-a.swap"));
	assert_true(manager_is_unit_name("getty@tty1.service"));
	assert_false(manager_is_unit_name(""));
	assert_false(manager_is_unit_name("user@1.service/a.service"));
	assert_false(manager_is_unit_name("a b.service"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_version),
		cmocka_unit_test(notices_that_the_system_is_to_go_down),
		cmocka_unit_test(tells_names_of_units_from_others),
	};

	return cmocka_run_group_tests(tests, test_manager_setup, test_manager_teardown);
}
