/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/overlay.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"
#include "parts/overlay/fixture.h"

/* A process that a test talks to, line by line. */
typedef struct Companion {
	pid_t pid;
	int in, out;
	char line[256];
} Companion;

typedef void (*CompanionMain)(Fixture *fixture);

static void companion_start(Companion *companion, CompanionMain run, Fixture *fixture)
{
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	companion->pid = fork();
	assert_true(companion->pid >= 0);
	if (companion->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)close(in[1]);
		(void)close(out[0]);
		run(fixture);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	companion->in = in[1];
	companion->out = out[0];
}

static const char *companion_hear(Companion *companion)
{
	size_t n = 0;

	while (n < sizeof(companion->line) - 1 && read(companion->out, companion->line + n, 1) == 1 &&
		companion->line[n] != '\n')
		n++;
	companion->line[n] = '\0';
	return companion->line;
}

static const char *companion_ask(Companion *companion)
{
	assert_int_equal(write(companion->in, "\n", 1), 1);
	return companion_hear(companion);
}

static int companion_end(Companion *companion)
{
	int status = -1;

	(void)close(companion->in);
	(void)close(companion->out);
	assert_int_equal(waitpid(companion->pid, &status, 0), companion->pid);
	return status;
}

static void exec_probe(const Fixture *fixture, const char *mode)
{
	char path[192];

	(void)snprintf(path, sizeof(path), "%s/bin/origin-probe", fixture->usr);
	(void)execl(path, path, path, mode, NULL);
}

static void wait_in_usr(Fixture *fixture)
{
	exec_probe(fixture, "wait");
}

static void run_at_once(Fixture *fixture)
{
	exec_probe(fixture, NULL);
}

static void run_as_nobody(Fixture *fixture)
{
	if (setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0)
		exec_probe(fixture, "euid");
}

/* The probe on the base, and its library in a release for the base and for each of two images. */
static Fixture *begin(void **state)
{
	Fixture *fixture = fixture_begin(state);

	fixture_install(fixture, getenv("ORIGIN_PROBE"), "root/usr/bin/origin-probe", 0755);
	fixture_install(fixture, getenv("RELEASE_BASE"), "root/usr/lib/librelease.so", 0644);
	fixture_install(fixture, getenv("RELEASE_ONE"), "one/lib/librelease.so", 0644);
	fixture_install(fixture, getenv("RELEASE_TWO"), "two/lib/librelease.so", 0644);
	return fixture;
}

static void assert_release(Fixture *fixture, const char *expected)
{
	Companion probe;

	companion_start(&probe, run_at_once, fixture);
	assert_string_equal(companion_hear(&probe), expected);
	assert_int_equal(companion_end(&probe), 0);
}

static void keeps_paths_right_for_programs_of_every_generation(void **state)
{
	Fixture *fixture = begin(state);
	Companion of_base, of_one, of_two;
	Error error = ERROR_INIT;

	companion_start(&of_base, wait_in_usr, fixture);
	assert_string_equal(companion_hear(&of_base), "ready");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_release(fixture, "one");
	companion_start(&of_one, wait_in_usr, fixture);
	assert_string_equal(companion_hear(&of_one), "ready");
	assert_string_equal(companion_ask(&of_base), "one");
	assert_int_equal(companion_end(&of_base), 0);
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_release(fixture, "two");
	companion_start(&of_two, wait_in_usr, fixture);
	assert_string_equal(companion_hear(&of_two), "ready");
	assert_string_equal(companion_ask(&of_one), "two");
	assert_int_equal(companion_end(&of_one), 0);
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_release(fixture, "base");
	assert_string_equal(companion_ask(&of_two), "base");
	assert_int_equal(companion_end(&of_two), 0);
}

static void stays_while_a_single_generation_is_in_use(void **state)
{
	Fixture *fixture = begin(state);
	Companion user;
	Error error = ERROR_INIT;
	size_t before = fixture_mounts(fixture);

	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	companion_start(&user, wait_in_usr, fixture);
	assert_string_equal(companion_hear(&user), "ready");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_int_equal(fixture_mounts(fixture), before + 2);
	assert_string_equal(companion_ask(&user), "base");
	assert_int_equal(companion_end(&user), 0);
	/* A generation above that copy of the base goes without a trace once nobody uses it. */
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_release(fixture, "two");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_release(fixture, "base");
	assert_int_equal(fixture_mounts(fixture), before + 2);
}

static void lets_setuid_programs_keep_their_power(void **state)
{
	Fixture *fixture = begin(state);
	Companion probe;
	Error error = ERROR_INIT;
	struct statvfs status;

	assert_int_equal(statvfs(fixture->directory, &status), 0);
	if (status.f_flag & ST_NOSUID)
		skip();
	fixture_install(fixture, getenv("ORIGIN_PROBE"), "one/bin/origin-probe", 04755);
	companion_start(&probe, run_as_nobody, fixture);
	assert_string_equal(companion_hear(&probe), "65534");
	assert_int_equal(companion_end(&probe), 0);
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	companion_start(&probe, run_as_nobody, fixture);
	assert_string_equal(companion_hear(&probe), "0");
	assert_int_equal(companion_end(&probe), 0);
}

static void say(const char *line)
{
	if (dprintf(STDOUT_FILENO, "%s\n", line) < 0)
		_exit(1);
}

/* Tells what lib/changed says, each time it is asked. */
static void report(Fixture *fixture)
{
	char question;

	say("ready");
	while (read(STDIN_FILENO, &question, 1) == 1)
		say(fixture_read(fixture, "lib/changed"));
	_exit(0);
}

static void report_from_slave(Fixture *fixture)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		report(fixture);
}

static void is_followed_by_slave_namespaces(void **state)
{
	Fixture *fixture = begin(state);
	Companion slave;
	Error error = ERROR_INIT;

	companion_start(&slave, report_from_slave, fixture);
	assert_string_equal(companion_hear(&slave), "ready");
	assert_string_equal(companion_ask(&slave), "base");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_string_equal(companion_ask(&slave), "one");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(companion_ask(&slave), "base");
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_done(fixture_activate(fixture, 3, "three", &error), &error);
	assert_string_equal(companion_ask(&slave), "three");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(companion_ask(&slave), "base");
	assert_int_equal(companion_end(&slave), 0);
}

static void report_from_slave_in_usr(Fixture *fixture)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 &&
		chdir(fixture->usr) == 0)
		report(fixture);
}

/* Taking the generation away would take the path from under a process in another namespace, too. */
static void stays_while_a_slave_namespace_uses_it(void **state)
{
	Fixture *fixture = begin(state);
	Companion slave;
	Error error = ERROR_INIT;
	char link[64], path[256] = "";
	size_t before = fixture_mounts(fixture);

	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	companion_start(&slave, report_from_slave_in_usr, fixture);
	assert_string_equal(companion_hear(&slave), "ready");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(companion_ask(&slave), "base");
	(void)snprintf(link, sizeof(link), "/proc/%d/cwd", slave.pid);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	/* The whole path, also when the tests run in a chroot: the kernel tells it from the namespace's root.
	 */
	assert_true(text_has_suffix(path, fixture->usr));
	assert_int_equal(fixture_mounts(fixture), before + 2);
	assert_int_equal(companion_end(&slave), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(keeps_paths_right_for_programs_of_every_generation),
		fixture_test(stays_while_a_single_generation_is_in_use),
		fixture_test(lets_setuid_programs_keep_their_power),
		fixture_test(is_followed_by_slave_namespaces),
		fixture_test(stays_while_a_slave_namespace_uses_it),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
