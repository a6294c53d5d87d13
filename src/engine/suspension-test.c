/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/suspension.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/fixture.h"

static int root_of(Fixture *fixture)
{
	return store_directory(fixture->store);
}

/* A process that does nothing until it is killed; forgotten when the test fails, and ended by its timeout. */
static pid_t start_process(void)
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)alarm(60);
		for (;;)
			(void)pause();
	}
	return pid;
}

static void end_process(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void enter_as(Fixture *fixture, const char *name, const char *started)
{
	CLEANUP_FREE char *path = NULL;

	assert_int_equal(text_format(&path, NULL, "run/suture/at-work/%s", name), 0);
	assert_done(
		file_make_directories(root_of(fixture), "run/suture/at-work", 0755, NULL, &fixture->error),
		&fixture->error);
	assert_done(file_replace(root_of(fixture), path, bytes_of_text(started), 0644, &fixture->error),
		&fixture->error);
}

static void enter(Fixture *fixture, pid_t pid, const char *started)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%d", pid);
	enter_as(fixture, name, started);
}

static bool has_entry(Fixture *fixture, pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "run/suture/at-work/%d", pid);
	return faccessat(root_of(fixture), path, F_OK, 0) == 0;
}

static void nobody_is_at_work_where_nobody_entered(void **state)
{
	Fixture *fixture = *state;
	PackageManager manager;

	assert_int_equal(
		suspension_find_manager(root_of(fixture), &manager, &fixture->error), SUSPENSION_NOBODY);
	assert_done(suspension_refuse(root_of(fixture), &fixture->error), &fixture->error);
	assert_done(suspension_wait(root_of(fixture), &fixture->error), &fixture->error);
	assert_false(suspension_is_on(root_of(fixture)));
}

static void names_who_is_at_work_until_it_ends(void **state)
{
	Fixture *fixture = *state;
	PackageManager manager = {.pid = 0};
	pid_t pid = start_process();
	char started[32];

	enter(fixture, pid, "\n");
	assert_done(suspension_find_manager(root_of(fixture), &manager, &fixture->error), &fixture->error);
	assert_int_equal(manager.pid, pid);
	assert_true(manager.started > 0);
	(void)snprintf(started, sizeof(started), "%llu\n", manager.started);
	enter(fixture, pid, started);
	assert_fails(suspension_refuse(root_of(fixture), &fixture->error), &fixture->error,
		"(engine-suspensi, pid");
	end_process(pid);
	assert_done(suspension_refuse(root_of(fixture), &fixture->error), &fixture->error);
}

static void a_process_that_only_has_the_number_of_one_is_not_at_work(void **state)
{
	Fixture *fixture = *state;
	pid_t pid = start_process();

	enter(fixture, pid, "1\n");
	assert_done(suspension_refuse(root_of(fixture), &fixture->error), &fixture->error);
	end_process(pid);
}

static void a_zombie_is_not_at_work(void **state)
{
	Fixture *fixture = *state;
	pid_t pid = start_process();
	siginfo_t info;

	enter(fixture, pid, "\n");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_done(suspension_wait(root_of(fixture), &fixture->error), &fixture->error);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void waits_for_the_last_to_end(void **state)
{
	Fixture *fixture = *state;
	pid_t first = start_process(), second = start_process(), killer;

	enter(fixture, first, "\n");
	enter(fixture, second, "\n");
	killer = fork();
	assert_int_not_equal(killer, -1);
	if (killer == 0) {
		(void)kill(first, SIGKILL);
		(void)kill(second, SIGKILL);
		_exit(0);
	}
	assert_done(suspension_wait(root_of(fixture), &fixture->error), &fixture->error);
	assert_int_equal(waitpid(first, NULL, 0), first);
	assert_int_equal(waitpid(second, NULL, 0), second);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
}

static void what_is_no_number_is_no_process(void **state)
{
	static const char *const names[] = {"0", "-1", "1x", "x", "99999999999999999999", "4194305"};
	Fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		enter_as(fixture, names[i], "\n");
	assert_done(suspension_refuse(root_of(fixture), &fixture->error), &fixture->error);
}

static void the_end_forgets_the_mark_and_who_has_ended_and_nobody_else(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_CLOSE int lock = -1;
	pid_t ended = start_process(), alive = start_process();

	enter(fixture, ended, "\n");
	enter(fixture, alive, "\n");
	end_process(ended);
	assert_done(suspension_lock(root_of(fixture), &lock, &fixture->error), &fixture->error);
	assert_done(suspension_begin(root_of(fixture), &fixture->error), &fixture->error);
	assert_true(suspension_is_on(root_of(fixture)));
	suspension_end(root_of(fixture));
	assert_false(suspension_is_on(root_of(fixture)));
	assert_false(has_entry(fixture, ended));
	assert_true(has_entry(fixture, alive));
	end_process(alive);
}

/* The root of a container is a stranger's: its links lead nowhere else. */
static void stays_below_the_root(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_CLOSE int lock = -1, outside = -1, root = -1;

	assert_done(file_make_directories(root_of(fixture), "outside", 0755, &outside, &fixture->error),
		&fixture->error);
	assert_done(file_make_directories(root_of(fixture), "root", 0755, &root, &fixture->error),
		&fixture->error);
	assert_int_equal(symlinkat("../outside", root, "run"), 0);
	assert_fails(suspension_lock(root, &lock, &fixture->error), &fixture->error, "lock");
	assert_int_equal(faccessat(outside, "suture", F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nobody_is_at_work_where_nobody_entered, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			names_who_is_at_work_until_it_ends, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_process_that_only_has_the_number_of_one_is_not_at_work,
			fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_zombie_is_not_at_work, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(waits_for_the_last_to_end, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_no_number_is_no_process, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(the_end_forgets_the_mark_and_who_has_ended_and_nobody_else,
			fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(stays_below_the_root, fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
