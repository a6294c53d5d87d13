/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdio.h>
#include <string.h>

#include "engine/restart-plan.h"

enum { UNITS_MAX = 9, FINDINGS_MAX = 16 };

/* What a test plans from: units that can be restarted unless it says otherwise. */
typedef struct Case {
	RestartWorld world;
	RestartUnit units[UNITS_MAX];
	RestartFinding findings[FINDINGS_MAX];
	size_t n;
	RestartPlan *plan;
} Case;

static void begin(Case *test)
{
	*test = (Case){.world = {.has_manager = true, .can_soft_reboot = true}};
	test->world.units = test->units;
	test->world.own = (OwnUnits){.names = {"session-1.scope"}, .n = 1};
}

static UnitFacts *add_unit(Case *test, const char *name)
{
	RestartUnit *unit = &test->units[test->world.n_units++];
	const char *slash = strchr(name, '/');

	assert_true(test->world.n_units <= UNITS_MAX);
	(void)snprintf(unit->unit, sizeof(unit->unit), "%s", name);
	(void)snprintf(unit->facts.name, sizeof(unit->facts.name), "%s", slash ? slash + 1 : name);
	unit->is_known = true;
	unit->facts.is_loaded = unit->facts.is_active = true;
	return &unit->facts;
}

static void add_along(UnitFacts *facts, const char *name)
{
	(void)snprintf(facts->along[facts->n_along++].name, UNIT_NAME_SIZE, "%s", name);
}

static RestartFinding *add_process(Case *test, const char *unit, const char *name, uid_t uid)
{
	RestartFinding *finding = &test->findings[test->n];

	assert_true(test->n < FINDINGS_MAX);
	*finding = (RestartFinding){.pid = 100 + (pid_t)test->n, .uid = uid, .unit = unit, .name = name};
	test->n++;
	return finding;
}

/* One line an action: "SCOPE TARGET uid N, P: auto" or "…: ask". */
static void assert_plan(Case *test, const char *wanted)
{
	char found[2048] = "";
	Error error = ERROR_INIT;

	assert_done(restart_plan_new(&test->world, test->findings, test->n, &test->plan, &error), &error);
	for (size_t i = 0; i < test->plan->n; i++) {
		const RestartAction *action = &test->plan->actions[i];
		size_t end = strlen(found);

		(void)snprintf(found + end, sizeof(found) - end, "%s %s uid %u, %zu: %s\n",
			restart_scope_name(action->what.scope),
			action->what.target[0] ? action->what.target : "-", (unsigned)action->what.uid,
			action->n_processes, action->what.automatic ? "auto" : "ask");
		assert_true(strlen(action->what.reason) > 5);
	}
	assert_string_equal(found, wanted);
	for (size_t i = 0; i < test->n; i++)
		assert_true(test->plan->action_of[i] < test->plan->n);
	(void)restart_plan_free(test->plan);
}

static void restarts_a_unit_once_for_all_of_its_processes(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_unit(&test, "nginx.service");
	add_process(&test, "nginx.service", "nginx", 0);
	add_process(&test, "nginx.service", "nginx", 33);
	add_process(&test, "nginx.service", "helper", 33);
	assert_plan(&test, "service nginx.service uid 0, 3: auto\n");
}

static void plans_nothing_for_nobody(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	assert_plan(&test, "");
}

static void asks_where_the_unit_stands_against_a_restart(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_unit(&test, "a-refusing.service")->obstacle = UNIT_OBSTACLE_REFUSES;
	add_unit(&test, "b-job.service")->obstacle = UNIT_OBSTACLE_JOB;
	add_unit(&test, "c-done.service")->obstacle = UNIT_OBSTACLE_DONE;
	add_unit(&test, "d-connection.service")->obstacle = UNIT_OBSTACLE_CONNECTION;
	add_unit(&test, "e-survivor.service")->obstacle = UNIT_OBSTACLE_SURVIVES;
	add_unit(&test, "f-gone.service")->obstacle = UNIT_OBSTACLE_GONE;
	add_unit(&test, "g-many.service")->too_many_along = true;
	add_unit(&test, "i-stopping.service")->stops_others = true;
	for (size_t i = 0; i < test.world.n_units; i++)
		add_process(&test, test.units[i].unit, "program", 0);
	add_process(&test, "h-unknown.service", "program", 0);
	assert_plan(&test, "service a-refusing.service uid 0, 1: ask\n"
			   "service b-job.service uid 0, 1: ask\n"
			   "service c-done.service uid 0, 1: ask\n"
			   "service d-connection.service uid 0, 1: ask\n"
			   "service e-survivor.service uid 0, 1: ask\n"
			   "service f-gone.service uid 0, 1: ask\n"
			   "service g-many.service uid 0, 1: ask\n"
			   "service h-unknown.service uid 0, 1: ask\n"
			   "service i-stopping.service uid 0, 1: ask\n");
}

/* Of all actions only that of unit may have a due time, and has this one. */
static void assert_due(Case *test, const char *unit, int64_t due)
{
	Error error = ERROR_INIT;
	int64_t found = 0;

	assert_done(restart_plan_new(&test->world, test->findings, test->n, &test->plan, &error), &error);
	for (size_t i = 0; i < test->plan->n; i++) {
		const RestartAction *action = &test->plan->actions[i];

		if (strcmp(action->what.target, unit) == 0)
			found = action->due;
		else
			assert_int_equal(action->due, 0);
		assert_true(action->due == 0 || !action->what.automatic);
	}
	assert_int_equal(found, due);
	(void)restart_plan_free(test->plan);
}

static void add_display_manager(Case *test, int64_t since)
{
	begin(test);
	test->world.deadline = 3600;
	add_unit(test, "gdm.service");
	add_process(test, "gdm.service", "gdm3", 0)->since = since;
}

static void time_runs_from_the_first_process_that_was_exposed(void **state)
{
	Case test;

	(void)state;
	add_display_manager(&test, 5000);
	add_process(&test, "gdm.service", "gdm3", 0)->since = 4000;
	assert_due(&test, "gdm.service", 7600);
	/* Before the swap, and where there is no deadline, there is none. */
	add_display_manager(&test, 0);
	assert_due(&test, "gdm.service", 0);
	add_display_manager(&test, 5000);
	test.world.deadline = 0;
	assert_due(&test, "gdm.service", 0);
}

static void no_login_application_bus_or_machine_ever_falls_due(void **state)
{
	static const char *const units[] = {"dbus.service", "systemd-logind.service", "getty@tty1.service",
		"sshd@1.service", "packagekit.service", "sutured.service", "cron.service"};
	Case test;

	(void)state;
	add_display_manager(&test, 5000);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		add_unit(&test, units[i]);
		add_process(&test, units[i], "program", 0)->since = 4000;
	}
	add_process(&test, "session-4.scope", "bash", 1000)->since = 4000;
	add_process(&test, "session-4.scope", "vim", 1000)->since = 4000;
	add_process(&test, "user@1000.service/app-firefox.scope", "firefox", 1000)->since = 4000;
	add_process(&test, "", "stray", 1000)->since = 4000;
	assert_due(&test, "gdm.service", 8600);
}

static void what_stands_against_a_restart_stands_at_the_deadline_too(void **state)
{
	Case test;

	(void)state;
	add_display_manager(&test, 5000);
	test.units[0].facts.obstacle = UNIT_OBSTACLE_REFUSES;
	assert_due(&test, "gdm.service", 0);
	add_display_manager(&test, 5000);
	add_along(&test.units[0].facts, "getty@tty1.service");
	assert_due(&test, "gdm.service", 0);
	add_display_manager(&test, 5000);
	test.world.own = (OwnUnits){.names = {"gdm.service"}, .n = 1};
	assert_due(&test, "gdm.service", 0);
	add_display_manager(&test, 5000);
	test.world.has_manager = false;
	assert_due(&test, "gdm.service", 0);
	add_display_manager(&test, 5000);
	test.findings[0].unit = "NetworkManager.service";
	assert_due(&test, "NetworkManager.service", 0);
}

static void never_restarts_the_unit_that_it_runs_in_not_even_along(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	test.world.own = (OwnUnits){.names = {"own.service", "callers.service"}, .n = 2};
	add_unit(&test, "own.service");
	add_unit(&test, "callers.service");
	add_along(add_unit(&test, "required.service"), "own.service");
	add_process(&test, "own.service", "suture", 0);
	add_process(&test, "callers.service", "script", 0);
	add_process(&test, "required.service", "program", 0);
	assert_plan(&test, "service callers.service uid 0, 1: ask\nservice own.service uid 0, 1: ask\n"
			   "service required.service uid 0, 1: ask\n");
}

static void counts_what_restarts_along_and_does_not_restart_it_again(void **state)
{
	Case test;
	UnitFacts *first;

	(void)state;
	begin(&test);
	first = add_unit(&test, "first.service");
	add_along(first, "second.service");
	add_along(first, "third.service");
	add_along(add_unit(&test, "second.service"), "third.service");
	add_unit(&test, "third.service");
	add_process(&test, "third.service", "c", 0);
	add_process(&test, "second.service", "b", 0);
	add_process(&test, "first.service", "a", 0);
	assert_plan(&test, "service first.service uid 0, 3: auto\n");
}

static void asks_when_what_restarts_along_must_not(void **state)
{
	static const char *const along[] = {"dbus.service", "gdm.service", "a.socket", "multi-user.target",
		"srv.mount", "systemd-logind.service"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(along); i++) {
		Case test;

		begin(&test);
		add_along(add_unit(&test, "a.service"), along[i]);
		add_unit(&test, "b.service");
		add_process(&test, "a.service", "a", 0);
		add_process(&test, "b.service", "b", 0);
		assert_plan(&test, "service b.service uid 0, 1: auto\nservice a.service uid 0, 1: ask\n");
	}
}

/* What is asked for is not done in passing. */
static void asks_when_something_stands_against_what_restarts_along(void **state)
{
	for (UnitObstacle each = UNIT_OBSTACLE_GONE; each <= UNIT_OBSTACLE_SURVIVES; each++) {
		Case test;
		UnitFacts *database;

		(void)state;
		begin(&test);
		database = add_unit(&test, "database.service");
		add_along(database, "filled.service");
		database->along[0].obstacle = each;
		add_unit(&test, "filled.service")->obstacle = each;
		add_process(&test, "database.service", "a", 0);
		add_process(&test, "filled.service", "b", 0);
		assert_plan(&test, "service database.service uid 0, 1: ask\n"
				   "service filled.service uid 0, 1: ask\n");
	}
}

static void restarts_what_only_harmless_work_restarts_along_with(void **state)
{
	Case test;
	UnitFacts *journal;

	(void)state;
	begin(&test);
	journal = add_unit(&test, "systemd-journald.service");
	add_along(journal, "systemd-journal-flush.service");
	journal->along[0].obstacle = UNIT_OBSTACLE_DONE;
	add_process(&test, "systemd-journald.service", "systemd-journal", 0);
	assert_plan(&test, "service systemd-journald.service uid 0, 1: auto\n");
	journal->along[0].obstacle = UNIT_OBSTACLE_REFUSES;
	assert_plan(&test, "service systemd-journald.service uid 0, 1: ask\n");
}

static void knows_a_display_manager_by_its_other_name(void **state)
{
	Case test;
	UnitFacts *data;

	(void)state;
	begin(&test);
	test.world.deadline = 3600;
	add_unit(&test, "strange-greeter.service")->is_display_manager = true;
	add_process(&test, "strange-greeter.service", "strange-greeter", 0)->since = 5000;
	assert_plan(&test, "service strange-greeter.service uid 0, 1: ask\n");
	assert_due(&test, "strange-greeter.service", 8600);
	data = add_unit(&test, "data.service");
	add_along(data, "strange-greeter.service");
	data->along[0].is_display_manager = true;
	add_process(&test, "data.service", "data", 0);
	assert_plan(&test, "service data.service uid 0, 1: ask\n"
			   "service strange-greeter.service uid 0, 1: ask\n");
	/* A user can name a unit as he likes: nobody's session hangs on that. */
	begin(&test);
	add_unit(&test, "user@1000.service/a.service")->is_display_manager = true;
	add_process(&test, "user@1000.service/a.service", "a", 1000);
	assert_plan(&test, "user-service user@1000.service/a.service uid 1000, 1: auto\n");
}

static void renews_pid_1_in_place(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_process(&test, "init.scope", "systemd", 0)->pid = 1;
	add_process(&test, "init.scope", "stray", 0);
	assert_plan(&test, "manager init.scope uid 0, 1: auto\napplication stray uid 0, 1: ask\n");
}

static void reboots_for_a_first_process_that_is_no_systemd(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	test.world.has_manager = test.world.can_soft_reboot = false;
	add_process(&test, "", "init", 0)->pid = 1;
	add_process(&test, "dbus.service", "dbus-daemon", 101);
	assert_plan(&test, "reboot - uid 0, 2: ask\n");
}

static void soft_reboots_where_services_do_not_survive_less(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_unit(&test, "cron.service");
	add_process(&test, "dbus.service", "dbus-daemon", 101);
	add_process(&test, "systemd-logind.service", "systemd-logind", 0);
	add_process(&test, "cron.service", "cron", 0);
	assert_plan(&test, "service cron.service uid 0, 1: auto\nsoft-reboot - uid 0, 2: ask\n");
}

static void reboots_where_systemd_has_no_soft_reboot_and_for_what_outlives_it(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_process(&test, "dbus.service", "dbus-daemon", 101);
	add_process(&test, "", "mdmon", 0)->is_spared = true;
	assert_plan(&test, "reboot - uid 0, 2: ask\n");
	begin(&test);
	test.world.can_soft_reboot = false;
	add_process(&test, "dbus.service", "dbus-daemon", 101);
	assert_plan(&test, "reboot - uid 0, 1: ask\n");
}

static void asks_for_a_new_login_for_what_a_login_consists_of(void **state)
{
	Case test;
	RestartUnit *session;

	(void)state;
	begin(&test);
	add_unit(&test, "session-2.scope");
	session = &test.units[0];
	session->has_owner = true;
	session->owner = 1000;
	add_process(&test, "session-2.scope", "sshd", 0);
	add_process(&test, "session-2.scope", "bash", 1000);
	add_process(&test, "session-2.scope", "editor", 1000);
	add_process(&test, "session-3.scope", "editor", 1001);
	assert_plan(&test, "session session-2.scope uid 1000, 3: ask\napplication editor uid 1001, 1: ask\n");
}

static void leaves_applications_to_who_uses_them_one_each(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_process(&test, "user@1000.service/app-firefox-1.scope", "firefox", 1000);
	add_process(&test, "user@1000.service/app-firefox-1.scope", "Web Content", 1000);
	add_process(&test, "user@1001.service/app-firefox-2.scope", "firefox", 1001);
	add_process(&test, "user@1000.service/ssh-agent.service", "ssh-agent", 1000);
	add_process(&test, "", "daemon", 2);
	add_process(&test, "", "daemon", 2);
	assert_plan(&test, "application daemon uid 2, 2: ask\n"
			   "application firefox uid 1000, 2: ask\n"
			   "application firefox uid 1001, 1: ask\n"
			   "application ssh-agent.service uid 1000, 1: ask\n");
}

static void restarts_what_a_users_own_manager_can(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_along(add_unit(&test, "user@1000.service/a.service"), "b.service");
	add_unit(&test, "user@1000.service/b.service");
	add_unit(&test, "user@1001.service/b.service");
	add_process(&test, "user@1000.service", "systemd", 1000);
	add_process(&test, "user@1000.service/a.service", "a", 1000);
	add_process(&test, "user@1000.service/b.service", "b", 1000);
	add_process(&test, "user@1001.service/b.service", "b", 1001);
	assert_plan(&test, "user-service user@1000.service/a.service uid 1000, 2: auto\n"
			   "user-service user@1001.service/b.service uid 1001, 1: auto\n"
			   "user-manager user@1000.service uid 1000, 1: auto\n");
}

static void lets_a_new_login_close_what_it_ends_anyhow(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_unit(&test, "user@1000.service/b.service");
	add_process(&test, "user@1000.service", "(sd-pam)", 1000);
	add_process(&test, "user@1000.service/org.gnome.Shell@wayland.service", "gnome-shell", 1000);
	add_process(&test, "user@1000.service/app-firefox-1.scope", "firefox", 1000);
	add_process(&test, "user@1000.service/b.service", "b", 1000);
	add_process(&test, "session-2.scope", "gdm-session-wor", 1000);
	add_process(&test, "user@1001.service/app-firefox-1.scope", "firefox", 1001);
	assert_plan(&test, "user-service user@1000.service/b.service uid 1000, 1: auto\n"
			   "session user@1000.service uid 1000, 4: ask\n"
			   "application firefox uid 1001, 1: ask\n");
}

/* Whoever has time to restart an application need not have it for a new login. */
static void names_applications_beside_a_login_that_only_keeps_itself_open(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_process(&test, "user@1000.service", "(sd-pam)", 1000);
	add_process(&test, "user@1000.service/app-firefox-1.scope", "firefox", 1000);
	add_process(&test, "session-2.scope", "bash", 1000);
	assert_plan(
		&test, "session user@1000.service uid 1000, 2: ask\napplication firefox uid 1000, 1: ask\n");
}

static void leaves_containers_to_who_runs_them(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_process(&test, "machine-web.scope", "nginx", 0);
	add_process(&test, "docker-0123.scope", "python3", 0);
	add_process(&test, "user@1000.service/libpod-0123.scope", "python3", 100000);
	add_process(&test, "", "sh", 0)->in_container = true;
	assert_plan(&test, "container docker-0123.scope uid 0, 1: ask\n"
			   "container machine-web.scope uid 0, 1: ask\n"
			   "container sh uid 0, 1: ask\n"
			   "container user@1000.service/libpod-0123.scope uid 1000, 1: ask\n");
}

static void renews_a_console_only_where_nobody_is_logged_in(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	add_unit(&test, "getty@tty1.service")->main_pid = 100;
	add_unit(&test, "getty@tty2.service")->main_pid = 101;
	add_process(&test, "getty@tty1.service", "agetty", 0);
	add_process(&test, "getty@tty2.service", "login", 0);
	assert_plan(&test,
		"service getty@tty1.service uid 0, 1: auto\nservice getty@tty2.service uid 0, 1: ask\n");
}

static void does_nothing_by_itself_without_a_service_manager(void **state)
{
	Case test;

	(void)state;
	begin(&test);
	test.world.has_manager = false;
	add_unit(&test, "cron.service");
	add_process(&test, "cron.service", "cron", 0);
	assert_plan(&test, "service cron.service uid 0, 1: ask\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restarts_a_unit_once_for_all_of_its_processes),
		cmocka_unit_test(plans_nothing_for_nobody),
		cmocka_unit_test(asks_where_the_unit_stands_against_a_restart),
		cmocka_unit_test(time_runs_from_the_first_process_that_was_exposed),
		cmocka_unit_test(no_login_application_bus_or_machine_ever_falls_due),
		cmocka_unit_test(what_stands_against_a_restart_stands_at_the_deadline_too),
		cmocka_unit_test(never_restarts_the_unit_that_it_runs_in_not_even_along),
		cmocka_unit_test(counts_what_restarts_along_and_does_not_restart_it_again),
		cmocka_unit_test(asks_when_what_restarts_along_must_not),
		cmocka_unit_test(asks_when_something_stands_against_what_restarts_along),
		cmocka_unit_test(restarts_what_only_harmless_work_restarts_along_with),
		cmocka_unit_test(knows_a_display_manager_by_its_other_name),
		cmocka_unit_test(renews_pid_1_in_place),
		cmocka_unit_test(reboots_for_a_first_process_that_is_no_systemd),
		cmocka_unit_test(soft_reboots_where_services_do_not_survive_less),
		cmocka_unit_test(reboots_where_systemd_has_no_soft_reboot_and_for_what_outlives_it),
		cmocka_unit_test(asks_for_a_new_login_for_what_a_login_consists_of),
		cmocka_unit_test(leaves_applications_to_who_uses_them_one_each),
		cmocka_unit_test(restarts_what_a_users_own_manager_can),
		cmocka_unit_test(lets_a_new_login_close_what_it_ends_anyhow),
		cmocka_unit_test(names_applications_beside_a_login_that_only_keeps_itself_open),
		cmocka_unit_test(leaves_containers_to_who_runs_them),
		cmocka_unit_test(renews_a_console_only_where_nobody_is_logged_in),
		cmocka_unit_test(does_nothing_by_itself_without_a_service_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
