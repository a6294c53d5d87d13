/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-failures.h"

#include "base/test.h"

#include <signal.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits_crashes_and_hangs_are_failures),
		cmocka_unit_test(a_service_that_somebody_killed_has_not_failed),
		cmocka_unit_test(what_the_machine_lacks_is_no_failure_of_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
