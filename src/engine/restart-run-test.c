/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-run.h"

#include "base/cleanup.h"
#include "base/test.h"

static json_t *add(json_t *actions, const char *scope, const char *target, bool automatic)
{
	json_t *action = json_pack(
		"{s:s, s:s, s:b, s:[]}", "scope", scope, "target", target, "automatic", automatic, "along");

	assert_non_null(action);
	assert_int_equal(json_array_append_new(actions, action), 0);
	return action;
}

static void add_along(json_t *action, const char *name)
{
	assert_int_equal(json_array_append_new(json_object_get(action, "along"), json_string(name)), 0);
}

static bool is_meant(const json_t *action, const char *name)
{
	return restart_is_meant(action, (EngineNames){&name, 1});
}

static void a_unit_is_meant_by_its_name(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();
	const json_t *of_system = add(actions, "service", "cron.service", true);
	const json_t *of_user = add(actions, "user-service", "user@1000.service/a.service", true);
	const json_t *asked = add(actions, "service", "gdm.service", false);
	const json_t *manager = add(actions, "manager", "init.scope", true);

	(void)state;
	assert_true(is_meant(of_system, "cron.service"));
	assert_false(is_meant(of_system, "a.service"));
	assert_true(is_meant(of_user, "a.service"));
	assert_true(is_meant(of_user, "user@1000.service/a.service"));
	assert_false(is_meant(of_user, "user@1001.service/a.service"));
	assert_true(is_meant(asked, "gdm.service"));
	assert_false(is_meant(manager, "init.scope"));
	assert_true(restart_is_meant(manager, (EngineNames){NULL, 0}));
}

static void a_unit_is_meant_by_what_restarts_along_with_it(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();
	json_t *of_system = add(actions, "service", "first.service", true);
	json_t *of_user = add(actions, "user-service", "user@1000.service/first.service", true);

	(void)state;
	add_along(of_system, "second.service");
	add_along(of_user, "third.service");
	assert_true(is_meant(of_system, "second.service"));
	assert_true(is_meant(of_user, "third.service"));
	assert_true(is_meant(of_user, "user@1000.service/third.service"));
	assert_false(is_meant(of_user, "user@1001.service/third.service"));
	assert_false(is_meant(of_system, "user@1000.service/second.service"));
}

/* Who names the one has not been asked about the other. */
static void what_is_asked_for_is_not_meant_by_what_restarts_along(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();
	json_t *asked = add(actions, "service", "gdm.service", false);

	(void)state;
	add_along(asked, "greeting.service");
	assert_false(is_meant(asked, "greeting.service"));
}

static void what_may_be_restarted_is_wanted_at_any_time_but_not_for_ever(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();
	CLEANUP_JSON json_t *counts = json_pack("{s:i}", "cron.service", RESTART_TRIES_MAX - 1);
	RestartTries tries = {.root_fd = -1, .counts = counts};
	RestartOrder order = {.tries = &tries};
	json_t *asked = add(actions, "service", "docker.service", false);

	(void)state;
	assert_false(restart_is_any_wanted(actions, &order));
	add(actions, "service", "cron.service", true);
	assert_true(restart_is_any_wanted(actions, &order));
	assert_int_equal(json_object_set_new(counts, "cron.service", json_integer(RESTART_TRIES_MAX)), 0);
	assert_false(restart_is_any_wanted(actions, &order));
	/* What people have had their time for, neither. */
	order.now = 4102444800;
	assert_int_equal(json_object_set_new(asked, "due", json_string("2026-12-02T14:05:07Z")), 0);
	assert_true(restart_is_any_wanted(actions, &order));
	assert_int_equal(json_object_set_new(counts, "docker.service", json_integer(RESTART_TRIES_MAX)), 0);
	assert_false(restart_is_any_wanted(actions, &order));
	/* People who run it themselves have it done. */
	order.tries = NULL;
	assert_true(restart_is_any_wanted(actions, &order));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_is_meant_by_its_name),
		cmocka_unit_test(a_unit_is_meant_by_what_restarts_along_with_it),
		cmocka_unit_test(what_is_asked_for_is_not_meant_by_what_restarts_along),
		cmocka_unit_test(what_may_be_restarted_is_wanted_at_any_time_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
