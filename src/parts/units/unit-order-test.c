/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdio.h>

#include "parts/units/test-manager.h"
#include "parts/units/unit-order.h"

#define SLEEPER "[Service]\nExecStart=/bin/sleep infinity\n"
enum { UNITS_MAX = 4 };

static void start(void **state, const char *unit, const char *text)
{
	test_manager_need(*state);
	test_manager_write(*state, unit, text);
	test_manager_start(*state, unit);
}

static void assert_order(void **state, const char *const names[], size_t n, const size_t wanted[])
{
	const TestManager *test = *state;
	CLEANUP(manager_free) Manager *manager = NULL;
	UnitFacts facts[UNITS_MAX] = {{.is_loaded = false}};
	const UnitFacts *units[UNITS_MAX];
	size_t order[UNITS_MAX];
	Error error = ERROR_INIT;

	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(facts[i].name, sizeof(facts[i].name), "%s", names[i]);
		assert_done(unit_facts_read(manager, &facts[i], &error), &error);
		units[i] = &facts[i];
	}
	assert_done(unit_order(manager, units, n, order, &error), &error);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(order[i], wanted[i]);
}

static void puts_each_behind_what_it_is_after(void **state)
{
	static const char *const names[] = {"third.service", "second.service", "first.service"};

	start(state, "first.service", "[Unit]\nBefore=second.service\n" SLEEPER);
	start(state, "second.service", SLEEPER);
	start(state, "third.service", "[Unit]\nAfter=second.service\n" SLEEPER);
	assert_order(state, names, 3, (const size_t[]){2, 1, 0});
}

static void keeps_the_given_order_where_none_is_said(void **state)
{
	static const char *const names[] = {"two.service", "unknown.service", "one.service"};

	start(state, "one.service", SLEEPER);
	start(state, "two.service", SLEEPER);
	assert_order(state, names, 3, (const size_t[]){0, 1, 2});
}

static void minds_what_restarts_along(void **state)
{
	static const char *const names[] = {"last.service", "base.service"};

	start(state, "base.service", SLEEPER);
	start(state, "between.service", "[Unit]\nRequires=base.service\n" SLEEPER);
	start(state, "last.service", "[Unit]\nAfter=between.service\n" SLEEPER);
	assert_order(state, names, 2, (const size_t[]){1, 0});
}

/* systemd sees none: only what restarts along closes it. */
static void gets_out_of_a_circle(void **state)
{
	static const char *const names[] = {"east.service", "west.service", "free.service"};

	start(state, "free.service", SLEEPER);
	start(state, "east.service", SLEEPER);
	start(state, "west.service", SLEEPER);
	start(state, "easterly.service",
		"[Unit]\nRequires=east.service\nAfter=west.service free.service\n" SLEEPER);
	start(state, "westerly.service", "[Unit]\nRequires=west.service\nAfter=east.service\n" SLEEPER);
	assert_order(state, names, 3, (const size_t[]){2, 0, 1});
}

static void puts_none_into_order(void **state)
{
	test_manager_need(*state);
	assert_order(state, NULL, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_each_behind_what_it_is_after),
		cmocka_unit_test(keeps_the_given_order_where_none_is_said),
		cmocka_unit_test(minds_what_restarts_along),
		cmocka_unit_test(gets_out_of_a_circle),
		cmocka_unit_test(puts_none_into_order),
	};

	return cmocka_run_group_tests(tests, test_manager_setup, test_manager_teardown);
}
