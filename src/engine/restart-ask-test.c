/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "engine/restart-ask.h"

static json_t *add(json_t *actions, const char *scope, const char *target, int uid, bool automatic)
{
	json_t *action =
		json_pack("{s:s, s:s, s:b}", "scope", scope, "target", target, "automatic", automatic);

	assert_non_null(action);
	if (uid >= 0)
		assert_int_equal(json_object_set_new(action, "uid", json_integer(uid)), 0);
	assert_int_equal(json_array_append_new(actions, action), 0);
	return actions;
}

static void assert_text(const json_t *actions, uid_t uid, bool services, const char *wanted)
{
	CLEANUP_FREE char *text = NULL;
	Error error = ERROR_INIT;

	assert_done(restart_ask_text(actions, uid, services, &text, &error), &error);
	assert_string_equal(text, wanted);
}

static void assert_asked(const json_t *actions, uid_t uid, const char *wanted)
{
	assert_text(actions, uid, false, wanted);
}

static void asks_each_user_for_what_is_that_users(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();

	(void)state;
	add(actions, "application", "firefox", 1000, false);
	add(actions, "application", "editor", 1001, false);
	add(actions, "application", "evolution", 1000, false);
	add(actions, "session", "session-2.scope", 1001, false);
	assert_asked(actions, 1000, "Restart firefox, evolution.");
	assert_asked(actions, 1001, "Restart editor.\nLog out and in again.");
}

static void asks_nobody_for_what_concerns_others_or_is_done_by_itself(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();

	(void)state;
	assert_asked(actions, 1000, "");
	add(actions, "service", "cron.service", -1, true);
	add(actions, "service", "gdm.service", -1, false);
	add(actions, "user-service", "user@1000.service/a.service", 1000, true);
	add(actions, "application", "daemon", 0, false);
	assert_asked(actions, 1000, "");
}

static void asks_everybody_for_a_restart_of_the_system(void **state)
{
	static const char *const scopes[] = {"soft-reboot", "reboot"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		CLEANUP_JSON json_t *actions = json_array();

		add(actions, scopes[i], "", -1, false);
		assert_asked(actions, 1000, "Restart the computer when it suits you.");
	}
}

static void stays_short(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();

	(void)state;
	for (int i = 0; i < 8; i++)
		add(actions, "application", "program", 1000, false);
	assert_asked(actions, 1000, "Restart program, program, program, program, program and 3 more.");
}

static void a_name_says_nothing_but_itself(void **state)
{
	CLEANUP_JSON json_t *actions = json_array(), *others = json_array();
	char name[256], wanted[256];

	(void)state;
	add(actions, "application", "x.\nCall 555\033[1m", 1000, false);
	assert_asked(actions, 1000, "Restart x.?Call 555?[1m.");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	/* In the middle of a character. */
	memcpy(name + 62, "\xc3\xbc", 2);
	add(others, "application", name, 1000, false);
	(void)snprintf(wanted, sizeof(wanted), "Restart %.62s?.", name);
	assert_asked(others, 1000, wanted);
}

static void tells_how_to_restart_what_nothing_restarts_by_itself(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();

	(void)state;
	add(actions, "application", "firefox", 1000, false);
	assert_text(actions, 1000, true, "Restart firefox.");
	add(actions, "service", "cron.service", -1, true);
	add(actions, "service", "gdm.service", -1, false);
	add(actions, "user-service", "user@1000.service/a.service", 1000, true);
	add(actions, "user-service", "user@1001.service/b.service", 1001, true);
	assert_text(actions, 1000, true,
		"Restart firefox.\nStill without the fix: cron.service, a.service. An administrator's "
		"\"suture restart\" closes it.");
	assert_text(actions, 1001, true,
		"Still without the fix: cron.service, b.service. An administrator's \"suture restart\" "
		"closes it.");
	assert_asked(actions, 1000, "Restart firefox.");
}

static void names_the_deadline_and_what_it_does(void **state)
{
	CLEANUP_JSON json_t *actions = json_array();
	json_t *action;

	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	add(actions, "service", "gdm.service", -1, false);
	action = json_array_get(actions, 0);
	assert_int_equal(json_object_set_new(action, "due", json_string("2026-12-02T14:05:07Z")), 0);
	assert_int_equal(json_object_set_new(action, "reason", json_string("it ends sessions")), 0);
	assert_asked(
		actions, 1000, "gdm.service restarts by itself after 2026-12-02 14:05: it ends sessions.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_each_user_for_what_is_that_users),
		cmocka_unit_test(asks_nobody_for_what_concerns_others_or_is_done_by_itself),
		cmocka_unit_test(asks_everybody_for_a_restart_of_the_system),
		cmocka_unit_test(stays_short),
		cmocka_unit_test(a_name_says_nothing_but_itself),
		cmocka_unit_test(tells_how_to_restart_what_nothing_restarts_by_itself),
		cmocka_unit_test(names_the_deadline_and_what_it_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
