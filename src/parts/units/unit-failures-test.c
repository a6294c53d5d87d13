/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-failures.h"

#include "base/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "parts/units/test-manager.h"

static void exits_crashes_and_hangs_are_failures(void **state)
{
	(void)state;
	assert_int_equal(unit_failure_judge("exit-code", CLD_EXITED, 1), UNIT_EXITED);
	assert_int_equal(unit_failure_judge("protocol", CLD_EXITED, 0), UNIT_EXITED);
	assert_int_equal(unit_failure_judge("core-dump", CLD_DUMPED, SIGSEGV), UNIT_CRASHED);
	assert_int_equal(unit_failure_judge("signal", CLD_KILLED, SIGABRT), UNIT_CRASHED);
	assert_int_equal(unit_failure_judge("timeout", CLD_KILLED, SIGTERM), UNIT_HUNG);
	assert_int_equal(unit_failure_judge("watchdog", CLD_DUMPED, SIGABRT), UNIT_HUNG);
}

static void a_service_that_somebody_killed_has_not_failed(void **state)
{
	(void)state;
	assert_int_equal(unit_failure_judge("signal", CLD_KILLED, SIGKILL), -1);
	assert_int_equal(unit_failure_judge("signal", CLD_KILLED, SIGTERM), -1);
	assert_int_equal(unit_failure_judge("core-dump", CLD_DUMPED, SIGQUIT), -1);
}

static void what_the_machine_lacks_is_no_failure_of_the_program(void **state)
{
	(void)state;
	assert_int_equal(unit_failure_judge("success", CLD_EXITED, 0), -1);
	assert_int_equal(unit_failure_judge("oom-kill", CLD_KILLED, SIGKILL), -1);
	assert_int_equal(unit_failure_judge("start-limit-hit", 0, 0), -1);
	assert_int_equal(unit_failure_judge("resources", 0, 0), -1);
}

static void what_stops_when_it_was_told_to_has_not_failed(void **state)
{
	(void)state;
	assert_true(unit_failure_is_stop(20, 10, 30));
	assert_true(unit_failure_is_stop(20, 10, 0)); /* it does not heed it */
	assert_false(unit_failure_is_stop(30, 10, 20));
	assert_false(unit_failure_is_stop(20, 10, 20));
	assert_false(unit_failure_is_stop(0, 10, 20));
	/* In an earlier life. */
	assert_false(unit_failure_is_stop(5, 10, 20));
	assert_false(unit_failure_is_stop(5, 10, 0));
	assert_false(unit_failure_is_stop(5, 0, 0)); /* nothing has begun */
}

/* The units that were heard of, each as often. */
typedef struct Heard {
	const TestManager *test;
	UnitFailures *failures;
	char units[1024];
} Heard;

static void hear(void *userdata, const UnitFailure *failure)
{
	Heard *heard = userdata;
	size_t n = strlen(heard->units);

	assert_true(failure->n_pids > 0);
	(void)snprintf(heard->units + n, sizeof(heard->units) - n, "%s ", failure->unit);
}

static void listen_to(void **state, Heard *heard)
{
	Manager *manager = NULL;
	Error error = ERROR_INIT;

	*heard = (Heard){.test = *state};
	test_manager_need(heard->test);
	assert_done(manager_open_user(heard->test->runtime, &manager, &error), &error);
	assert_done(unit_failures_listen_to(manager, hear, heard, &heard->failures, &error), &error);
}

/* Until that one was. What happened before is told before. */
static void hear_of(Heard *heard, const char *unit)
{
	Error error = ERROR_INIT;
	struct pollfd news;
	int r;

	while ((r = unit_failures_read(heard->failures, &error)) > 0 || !strstr(heard->units, unit)) {
		assert_true(r >= 0);
		unit_failures_poll(heard->failures, &news);
		if (r == 0)
			assert_true(poll(&news, 1, -1) > 0);
	}
}

static void call(const Heard *heard, const char *method, const char *unit)
{
	CLEANUP(manager_free) Manager *manager = NULL;
	Error error = ERROR_INIT;

	assert_done(manager_open_user(heard->test->runtime, &manager, &error), &error);
	assert_true(sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
			    method, NULL, NULL, "ss", unit, "replace") >= 0);
}

static void wait_until(const Heard *heard, const char *unit, const char *state)
{
	CLEANUP(manager_free) Manager *manager = NULL;
	CLEANUP_FREE char *path = NULL, *found = NULL;
	Error error = ERROR_INIT;

	assert_done(manager_open_user(heard->test->runtime, &manager, &error), &error);
	assert_true(sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) >= 0);
	do {
		free(found);
		(void)poll(NULL, 0, 20);
		assert_true(sd_bus_get_property_string(manager->bus, MANAGER_SERVICE, path,
				    "org.freedesktop.systemd1.Unit", "ActiveState", NULL, &found) >= 0);
	} while (strcmp(found, state) != 0);
}

static void start(const Heard *heard, const char *unit, const char *text)
{
	test_manager_write(heard->test, unit, text);
	test_manager_start(heard->test, unit);
	wait_until(heard, unit, "active");
}

static void close_(Heard *heard)
{
	(void)unit_failures_free(heard->failures);
}

/* On the signal to end it does what is told, once it is started. */
#define ON_END(what) \
	"[Service]\nExecStart=/bin/sh -c 'trap \"" what "\" TERM; : >%t/%n; while :; do sleep 0.1; done'\n" \
	"ExecStartPost=/bin/sh -c 'until [ -e %t/%n ]; do sleep 0.1; done'\n"

static void a_stop_is_no_failure_however_the_service_ends(void **state)
{
	Heard heard;

	listen_to(state, &heard);
	start(&heard, "java.service", ON_END("exit 143"));
	start(&heard, "one.service", ON_END("exit 1"));
	start(&heard, "deaf.service", ON_END(":") "TimeoutStopSec=1\n");
	call(&heard, "StopUnit", "java.service");
	call(&heard, "RestartUnit", "one.service");
	call(&heard, "StopUnit", "deaf.service");
	wait_until(&heard, "java.service", "failed");
	wait_until(&heard, "deaf.service", "failed");
	wait_until(&heard, "one.service", "active");
	test_manager_write(heard.test, "last.service", "[Service]\nExecStart=/bin/sh -c 'exit 1'\n");
	call(&heard, "StartUnit", "last.service");
	hear_of(&heard, "last.service");
	assert_null(strstr(heard.units, "java.service"));
	assert_null(strstr(heard.units, "one.service"));
	assert_null(strstr(heard.units, "deaf.service"));
	close_(&heard);
}

static void who_fails_by_himself_is_heard(void **state)
{
	Heard heard;

	listen_to(state, &heard);
	/* While it is active, at its start, before its second one, and not in time. */
	test_manager_write(
		heard.test, "tired.service", "[Service]\nExecStart=/bin/sh -c 'sleep 0.3; exit 3'\n");
	test_manager_write(
		heard.test, "early.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 3'\n");
	test_manager_write(heard.test, "silent.service",
		"[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep infinity\n");
	start(&heard, "again.service",
		ON_END("exit 143") "ExecStartPre=/bin/sh -c '! [ -e %t/second ]'\n"
				   "ExecStop=/bin/sh -c ': >%t/second'\n");
	call(&heard, "RestartUnit", "again.service");
	call(&heard, "StartUnit", "tired.service");
	call(&heard, "StartUnit", "early.service");
	call(&heard, "StartUnit", "silent.service");
	hear_of(&heard, "again.service");
	hear_of(&heard, "tired.service");
	hear_of(&heard, "early.service");
	hear_of(&heard, "silent.service");
	close_(&heard);
}

static void knows_whose_a_service_is(void **state)
{
	Heard heard;

	listen_to(state, &heard);
	test_manager_write(heard.test, "root.service", "[Service]\nExecStart=/bin/true\n");
	test_manager_write(heard.test, "number.service", "[Service]\nExecStart=/bin/true\nUser=1234\n");
	test_manager_write(heard.test, "name.service", "[Service]\nExecStart=/bin/true\nUser=nobody\n");
	test_manager_write(heard.test, "none.service", "[Service]\nExecStart=/bin/true\nUser=x-nobody-has\n");
	assert_int_equal(unit_failures_user(heard.failures, "root.service"), 0);
	assert_int_equal(unit_failures_user(heard.failures, "number.service"), 1234);
	assert_int_equal(unit_failures_user(heard.failures, "name.service"), 65534);
	assert_int_equal(unit_failures_user(heard.failures, "none.service"), 0);
	close_(&heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits_crashes_and_hangs_are_failures),
		cmocka_unit_test(a_service_that_somebody_killed_has_not_failed),
		cmocka_unit_test(what_the_machine_lacks_is_no_failure_of_the_program),
		cmocka_unit_test(what_stops_when_it_was_told_to_has_not_failed),
		cmocka_unit_test(a_stop_is_no_failure_however_the_service_ends),
		cmocka_unit_test(who_fails_by_himself_is_heard),
		cmocka_unit_test(knows_whose_a_service_is),
	};

	return cmocka_run_group_tests(tests, test_manager_setup, test_manager_teardown);
}
