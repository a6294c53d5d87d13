/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/restart-world.h"

/* A process that sleeps under a name of its own choice, in a pid namespace of its own or not. */
static pid_t start(const char *name, bool contained)
{
	unsigned long flags = SIGCHLD | (contained ? CLONE_NEWPID : 0);
	pid_t child = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl("/bin/sleep", name, "infinity", NULL);
		_exit(127);
	}
	return child;
}

static void end(pid_t pid)
{
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
}

/* The child's command line is this program's until it is another one. */
static void wait_for_exec(pid_t pid)
{
	char path[64], name[64] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	while (strcmp(name, "sleep\n") != 0) {
		FILE *file = fopen(path, "re");

		assert_non_null(file);
		assert_non_null(fgets(name, sizeof(name), file));
		(void)fclose(file);
		(void)poll(NULL, 0, 10);
	}
}

static RestartFinding look_at(pid_t pid, uid_t uid, const char *unit)
{
	CensusFinding found = {.pid = pid, .uid = uid, .name = "program"};
	Census census = {.findings = &found, .n_findings = 1};
	CLEANUP(restart_world_free) RestartWorld *world = NULL;
	CLEANUP_FREE RestartFinding *findings = NULL;
	Error error = ERROR_INIT;

	(void)snprintf(found.unit, sizeof(found.unit), "%s", unit);
	assert_done(restart_world_look(&census, &(OwnUnits){.n = 0}, &world, &findings, &error), &error);
	assert_int_equal(findings[0].pid, pid);
	assert_int_equal(findings[0].uid, uid);
	return findings[0];
}

static void knows_what_systemd_ends_last(void **state)
{
	pid_t spared = start("@sleep", false), plain = start("sleep", false);

	(void)state;
	wait_for_exec(spared);
	wait_for_exec(plain);
	assert_true(look_at(spared, 0, "").is_spared);
	assert_false(look_at(plain, 0, "").is_spared);
	/* Only root's count: anybody can have such a name. */
	assert_false(look_at(spared, 1000, "").is_spared);
	end(spared);
	end(plain);
}

static void knows_what_is_in_a_pid_namespace_of_its_own(void **state)
{
	pid_t plain = start("sleep", false), contained = start("sleep", true);

	(void)state;
	if (contained < 0)
		skip();
	assert_false(look_at(plain, 0, "").in_container);
	assert_true(look_at(contained, 0, "").in_container);
	end(plain);
	end(contained);
}

static void takes_a_process_that_has_ended_as_it_was_found(void **state)
{
	pid_t gone = start("@sleep", false);
	RestartFinding finding;

	(void)state;
	end(gone);
	finding = look_at(gone, 0, "gone.service");
	assert_false(finding.is_spared || finding.in_container);
}

static void leaves_unknown_what_no_manager_has_told(void **state)
{
	CensusFinding found = {.pid = 1, .unit = "no-such-unit-of-this-test.service"};
	Census census = {.findings = &found, .n_findings = 1};
	CLEANUP(restart_world_free) RestartWorld *world = NULL;
	CLEANUP_FREE RestartFinding *findings = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
	assert_done(restart_world_look(&census, &(OwnUnits){.n = 0}, &world, &findings, &error), &error);
	assert_int_equal(world->n_units, 1);
	assert_false(world->units[0].is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_systemd_ends_last),
		cmocka_unit_test(takes_a_process_that_has_ended_as_it_was_found),
		cmocka_unit_test(leaves_unknown_what_no_manager_has_told),
		cmocka_unit_test(knows_what_is_in_a_pid_namespace_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
