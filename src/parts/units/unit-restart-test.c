/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "parts/units/test-manager.h"
#include "parts/units/unit-property.h"
#include "parts/units/unit-restart.h"
#include "parts/units/user-units.h"

enum { SECONDS = 60 };

#define SLEEPER "[Service]\nExecStart=/bin/sleep infinity\n"
/* It does not heed what is to stop it. */
#define STUBBORN "[Service]\nExecStart=/bin/sleep infinity\nKillSignal=SIGCONT\nTimeoutStopSec=1h\n"

static void start_new(void **state, const char *unit, const char *text)
{
	const TestManager *test = *state;

	test_manager_need(test);
	test_manager_write(test, unit, text);
	test_manager_start(test, unit);
}

static UnitRestart restart_of(const char *unit)
{
	UnitRestart restart = {.done = false};

	(void)snprintf(restart.unit, sizeof(restart.unit), "%s", unit);
	return restart;
}

static void restart_all(void **state, UnitRestart *restarts, size_t n, int seconds)
{
	const TestManager *test = *state;
	CLEANUP(manager_free) Manager *manager = NULL;
	Error error = ERROR_INIT;

	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	assert_done(units_restart(manager, restarts, n, seconds, &error), &error);
}

static void restarts_what_is_named_and_nothing_else(void **state)
{
	UnitRestart restarts[2] = {restart_of("one.service"), restart_of("two.service")};
	pid_t one, two, other;

	start_new(state, "one.service", SLEEPER);
	start_new(state, "two.service", SLEEPER);
	start_new(state, "other.service", SLEEPER);
	one = test_manager_pid(*state, "one.service");
	two = test_manager_pid(*state, "two.service");
	other = test_manager_pid(*state, "other.service");
	restart_all(state, restarts, 2, SECONDS);
	assert_true(restarts[0].done && restarts[1].done);
	assert_int_not_equal(test_manager_pid(*state, "one.service"), one);
	assert_int_not_equal(test_manager_pid(*state, "two.service"), two);
	assert_int_equal(test_manager_pid(*state, "other.service"), other);
}

/* Each start writes a line. */
static void assert_order(void **state, const char *wanted)
{
	const TestManager *test = *state;
	CLEANUP_BUFFER Buffer log = BUFFER_INIT;
	char path[256];
	Error error = ERROR_INIT;

	(void)snprintf(path, sizeof(path), "%s/order", test->path);
	assert_done(file_read(AT_FDCWD, path, 4096, &log, &error), &error);
	assert_string_equal((const char *)log.data, wanted);
	assert_int_equal(unlink(path), 0);
}

static void keeps_to_the_order_and_restarts_each_once(void **state)
{
	/* Against their order, and with one that restarts along with another. */
	UnitRestart restarts[3] = {
		restart_of("third.service"), restart_of("second.service"), restart_of("first.service")};
	static const char *const names[] = {"first", "second", "third"};
	static const char *const needs[] = {"", "[Unit]\nRequires=first.service\nAfter=first.service\n",
		"[Unit]\nAfter=second.service\n"};
	const TestManager *test = *state;

	test_manager_need(test);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char unit[32], text[512];

		(void)snprintf(unit, sizeof(unit), "%s.service", names[i]);
		(void)snprintf(text, sizeof(text),
			"%s[Service]\nExecStartPre=/bin/sh -c 'echo %s >>%s/order'\nExecStart=/bin/sleep "
			"infinity\n",
			needs[i], names[i], test->path);
		start_new(state, unit, text);
		/* Not only what comes before its program has begun. */
		while (test_manager_pid(test, unit) == 0)
			(void)poll(NULL, 0, 20);
	}
	assert_order(state, "first\nsecond\nthird\n");
	restart_all(state, restarts, 3, SECONDS);
	for (size_t i = 0; i < 3; i++)
		if (!restarts[i].done)
			fail_msg("%s: %s", restarts[i].unit, restarts[i].error);
	assert_order(state, "first\nsecond\nthird\n");
}

static void never_trips_a_start_limit(void **state)
{
	start_new(state, "limited.service",
		"[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n[Service]\nExecStart=/bin/sleep "
		"infinity\n");
	start_new(state, "along.service",
		"[Unit]\nRequires=limited.service\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n"
		"[Service]\nExecStart=/bin/sleep infinity\n");
	for (int i = 0; i < 5; i++) {
		UnitRestart restart = restart_of("limited.service");
		pid_t before = test_manager_pid(*state, "limited.service");
		pid_t along = test_manager_pid(*state, "along.service");

		restart_all(state, &restart, 1, SECONDS);
		if (!restart.done)
			fail_msg("the restart number %d: %s", i + 1, restart.error);
		assert_int_not_equal(test_manager_pid(*state, "limited.service"), before);
		assert_int_not_equal(test_manager_pid(*state, "along.service"), along);
	}
}

static void leaves_alone_what_does_not_run(void **state)
{
	UnitRestart restarts[2] = {restart_of("missing.service"), restart_of("idle.service")};

	test_manager_need(*state);
	test_manager_write(*state, "idle.service", SLEEPER);
	restart_all(state, restarts, 2, SECONDS);
	assert_true(restarts[0].done && restarts[1].done);
	assert_int_equal(test_manager_pid(*state, "idle.service"), 0);
}

static void says_how_a_restart_failed_and_goes_on(void **state)
{
	const TestManager *test = *state;
	UnitRestart restarts[2] = {restart_of("bad.service"), restart_of("good.service")};
	char text[512], path[256];
	Error error = ERROR_INIT;

	(void)snprintf(text, sizeof(text),
		"[Service]\nExecStartPre=/bin/sh -c '! test -e %s/broken'\nExecStart=/bin/sleep infinity\n",
		test->path);
	(void)snprintf(path, sizeof(path), "%s/broken", test->path);
	start_new(state, "bad.service", text);
	start_new(state, "good.service", SLEEPER);
	assert_done(file_replace(AT_FDCWD, path, bytes_of_text(""), 0644, &error), &error);
	restart_all(state, restarts, 2, SECONDS);
	assert_false(restarts[0].done);
	assert_non_null(strstr(restarts[0].error, "\"failed\""));
	assert_true(restarts[1].done);
}

static void says_of_what_restarts_along_that_it_has_not(void **state)
{
	const TestManager *test = *state;
	UnitRestart restarts[2] = {restart_of("needy.service"), restart_of("needed.service")};
	char text[512], path[256];
	Error error = ERROR_INIT;

	(void)snprintf(text, sizeof(text),
		"[Service]\nExecStartPre=/bin/sh -c '! test -e %s/spoilt'\nExecStart=/bin/sleep infinity\n",
		test->path);
	(void)snprintf(path, sizeof(path), "%s/spoilt", test->path);
	start_new(state, "needed.service", text);
	start_new(state, "needy.service",
		"[Unit]\nRequires=needed.service\nAfter=needed.service\n[Service]\nExecStart=/bin/sleep "
		"infinity\n");
	assert_done(file_replace(AT_FDCWD, path, bytes_of_text(""), 0644, &error), &error);
	restart_all(state, restarts, 2, SECONDS);
	assert_false(restarts[0].done || restarts[1].done);
	assert_non_null(strstr(restarts[0].error, "along with needed.service"));
	assert_non_null(strstr(restarts[1].error, "\"failed\""));
}

static void ask_for_stop(Manager *manager, const char *unit)
{
	assert_true(sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
			    "StopUnit", NULL, NULL, "ss", unit, "replace") >= 0);
}

/* The one's stop waits for the stop of the other, which does not heed it. */
static void undoes_no_stop_that_others_have_asked_for(void **state)
{
	const TestManager *test = *state;
	CLEANUP(manager_free) Manager *manager = NULL;
	UnitRestart restart = restart_of("waiting.service");
	char type[UNIT_WORD_SIZE];
	Error error = ERROR_INIT;
	pid_t before;

	start_new(state, "waiting.service", SLEEPER);
	start_new(state, "stubborn.service", "[Unit]\nAfter=waiting.service\n" STUBBORN);
	before = test_manager_pid(test, "waiting.service");
	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	ask_for_stop(manager, "stubborn.service");
	ask_for_stop(manager, "waiting.service");
	assert_done(units_restart(manager, &restart, 1, SECONDS, &error), &error);
	if (restart.done || !strstr(restart.error, "being stopped"))
		fail_msg("it ended with \"%s\"", restart.error);
	assert_done(unit_job(manager, "waiting.service", type, &error), &error);
	assert_string_equal(type, "stop");
	assert_int_equal(test_manager_pid(test, "waiting.service"), before);
}

static void undoes_no_stop_of_what_would_restart_along(void **state)
{
	const TestManager *test = *state;
	CLEANUP(manager_free) Manager *manager = NULL;
	UnitRestart restart = restart_of("carrier.service");
	char type[UNIT_WORD_SIZE];
	Error error = ERROR_INIT;
	pid_t before;

	start_new(state, "carrier.service", SLEEPER);
	start_new(state, "carried.service", "[Unit]\nRequires=carrier.service\n" SLEEPER);
	start_new(state, "holder.service", "[Unit]\nAfter=carried.service\n" STUBBORN);
	before = test_manager_pid(test, "carrier.service");
	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	ask_for_stop(manager, "holder.service");
	ask_for_stop(manager, "carried.service");
	assert_done(units_restart(manager, &restart, 1, SECONDS, &error), &error);
	if (restart.done || !strstr(restart.error, "carried.service would restart along"))
		fail_msg("it ended with \"%s\"", restart.error);
	assert_done(unit_job(manager, "carried.service", type, &error), &error);
	assert_string_equal(type, "stop");
	assert_int_equal(test_manager_pid(test, "carrier.service"), before);
}

static void does_not_wait_for_ever(void **state)
{
	UnitRestart restart = restart_of("slow.service");

	start_new(state, "slow.service", STUBBORN);
	restart_all(state, &restart, 1, 1);
	assert_false(restart.done);
	assert_non_null(strstr(restart.error, "in time"));
}

static void restarts_a_users_units_as_that_user(void **state)
{
	const TestManager *test = *state;
	UnitRestart restart = restart_of("of-user.service");
	UnitFacts facts = {.is_loaded = false};
	Error error = ERROR_INIT;
	pid_t before;

	start_new(state, "of-user.service", SLEEPER);
	before = test_manager_pid(test, "of-user.service");
	(void)snprintf(facts.name, sizeof(facts.name), "of-user.service");
	assert_done(user_units_read(test->runtime, &facts, 1, &error), &error);
	assert_int_equal(facts.main_pid, before);
	assert_done(user_units_restart(test->runtime, &restart, 1, SECONDS, &error), &error);
	assert_true(restart.done);
	assert_int_not_equal(test_manager_pid(test, "of-user.service"), before);
}

static void has_the_manager_replace_itself_and_keep_its_units(void **state)
{
	const TestManager *test = *state;
	Error error = ERROR_INIT;
	pid_t before;

	start_new(state, "kept.service", SLEEPER);
	before = test_manager_pid(test, "kept.service");
	assert_done(user_manager_reexec(test->runtime, SECONDS, &error), &error);
	assert_int_equal(test_manager_pid(test, "kept.service"), before);
}

static void refuses_what_is_no_name(void **state)
{
	UnitRestart restart = restart_of("user@1.service/a.service");
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(units_restart(NULL, &restart, 1, 1, &error), &error, "not the name of a unit");
}

static void says_when_there_is_no_bus(void **state)
{
	Manager *manager = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
	assert_fails(manager_open_system(&manager, &error), &error, "cannot reach the system message bus");
	assert_fails(manager_open_user("/nonexistent", &manager, &error), &error, "cannot reach");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restarts_what_is_named_and_nothing_else),
		cmocka_unit_test(keeps_to_the_order_and_restarts_each_once),
		cmocka_unit_test(never_trips_a_start_limit),
		cmocka_unit_test(leaves_alone_what_does_not_run),
		cmocka_unit_test(says_how_a_restart_failed_and_goes_on),
		cmocka_unit_test(says_of_what_restarts_along_that_it_has_not),
		cmocka_unit_test(undoes_no_stop_that_others_have_asked_for),
		cmocka_unit_test(undoes_no_stop_of_what_would_restart_along),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(restarts_a_users_units_as_that_user),
		cmocka_unit_test(has_the_manager_replace_itself_and_keep_its_units),
		cmocka_unit_test(refuses_what_is_no_name),
		cmocka_unit_test(says_when_there_is_no_bus),
	};

	return cmocka_run_group_tests(tests, test_manager_setup, test_manager_teardown);
}
