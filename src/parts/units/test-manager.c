/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/test-manager.h"

#include "base/test.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/units/unit-facts.h"

static const char systemd[] = "/usr/lib/systemd/systemd";
static const char groups[] = "/sys/fs/cgroup";

/* These are there for every manager. */
static const char *const targets[] = {
	"basic.target", "default.target", "shutdown.target", "sockets.target", "exit.target"};

static bool write_number(const char *path, long number)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%ld", number);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, (size_t)length) == length;

	(void)close_keeping_errno(fd);
	return done;
}

/* In the child: a cgroup hierarchy whose root is the test's own group, and a /run with nothing of this
 * machine's. */
static bool seclude(const char *group)
{
	CLEANUP_FREE char *processes = NULL;

	return text_format(&processes, NULL, "%s/cgroup.procs", group) == 0 &&
	       write_number(processes, getpid()) && unshare(CLONE_NEWNS | CLONE_NEWCGROUP) == 0 &&
	       umount2(groups, MNT_DETACH) == 0 && mount("cgroup2", groups, "cgroup2", 0, NULL) == 0 &&
	       mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 && mkdir("/run/systemd", 0755) == 0 &&
	       mkdir("/run/systemd/system", 0755) == 0;
}

static _Noreturn void become_manager(const TestManager *test)
{
	CLEANUP_FREE char *units = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!seclude(test->group) || text_format(&units, NULL, "%s/units", test->path) < 0)
		_exit(1);
	(void)setenv("SYSTEMD_UNIT_PATH", units, 1);
	(void)setenv("XDG_RUNTIME_DIR", test->runtime, 1);
	(void)setenv("XDG_CONFIG_HOME", test->path, 1);
	(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
	(void)unsetenv("NOTIFY_SOCKET");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	(void)close_range(3, ~0U, 0);
	(void)execl(systemd, systemd, "--user", "--unit=default.target", NULL);
	_exit(1);
}

static bool can_run(TestManager *test)
{
	struct stat status;

	if (geteuid() != 0 || stat(systemd, &status) < 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	/* Over whatever is there: the unified hierarchy is the same in every mount of it. */
	if (mount("cgroup2", groups, "cgroup2", 0, NULL) < 0 ||
		text_format(&test->group, NULL, "%s/suture-test-%ld", groups, (long)getpid()) < 0)
		return false;
	return mkdir(test->group, 0755) == 0;
}

static bool is_up(const TestManager *test)
{
	CLEANUP_FREE char *socket = NULL;
	struct stat status;

	assert_int_equal(text_format(&socket, NULL, "%s/systemd/private", test->runtime), 0);
	/* It ends at once where it cannot work. */
	while (waitpid(test->pid, NULL, WNOHANG) == 0) {
		if (stat(socket, &status) == 0)
			return true;
		(void)poll(NULL, 0, 20);
	}
	return false;
}

void test_manager_write(const TestManager *test, const char *unit, const char *text)
{
	CLEANUP_FREE char *path = NULL;
	Error error = ERROR_INIT;

	assert_done(text_format(&path, &error, "%s/units/%s", test->path, unit), &error);
	assert_done(file_replace(AT_FDCWD, path, bytes_of_text(text), 0644, &error), &error);
}

int test_manager_setup(void **state)
{
	TestManager *test = calloc(1, sizeof(*test));
	Error error = ERROR_INIT;

	assert_non_null(test);
	*state = test;
	assert_done(file_temporary_directory("units-test", &test->path, &error), &error);
	assert_done(text_format(&test->runtime, &error, "%s/run", test->path), &error);
	assert_done(file_make_directories(AT_FDCWD, test->runtime, 0700, NULL, &error), &error);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		CLEANUP_FREE char *folder = NULL;

		assert_done(text_format(&folder, &error, "%s/units", test->path), &error);
		assert_done(file_make_directories(AT_FDCWD, folder, 0755, NULL, &error), &error);
		test_manager_write(test, targets[i], "[Unit]\nDefaultDependencies=no\n");
	}
	if (!can_run(test))
		return 0;
	test->pid = fork();
	if (test->pid == 0)
		become_manager(test);
	if (!is_up(test))
		test->pid = 0;
	return 0;
}

/* Ends what is in the group and below; a group vanishes when it is empty. */
static void end_group(const char *group)
{
	CLEANUP_FREE char *killer = NULL;
	Error error = ERROR_INIT;

	assert_done(text_format(&killer, &error, "%s/cgroup.kill", group), &error);
	(void)write_number(killer, 1);
}

static void remove_groups(const char *group)
{
	CLEANUP(closedir) DIR *directory = opendir(group);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		CLEANUP_FREE char *below = NULL;

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
			text_format(&below, NULL, "%s/%s", group, entry->d_name) == 0)
			remove_groups(below);
	}
	while (rmdir(group) < 0 && errno == EBUSY)
		(void)poll(NULL, 0, 20);
}

int test_manager_teardown(void **state)
{
	TestManager *test = *state;
	Error error = ERROR_INIT;

	if (test->group) {
		end_group(test->group);
		if (test->pid > 0)
			(void)waitpid(test->pid, NULL, 0);
		remove_groups(test->group);
	}
	assert_done(file_remove_tree(AT_FDCWD, test->path, &error), &error);
	free(test->group);
	free(test->runtime);
	free(test->path);
	free(test);
	return 0;
}

void test_manager_need(const TestManager *test)
{
	if (test->pid == 0)
		skip();
}

void test_manager_start(const TestManager *test, const char *unit)
{
	CLEANUP(manager_free) Manager *manager = NULL;
	UnitFacts facts = {.is_loaded = false};
	Error error = ERROR_INIT;

	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	assert_true(sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE,
			    "StartUnit", NULL, NULL, "ss", unit, "replace") >= 0);
	(void)snprintf(facts.name, sizeof(facts.name), "%s", unit);
	do {
		(void)poll(NULL, 0, 20);
		assert_done(unit_facts_read(manager, &facts, &error), &error);
	} while (!facts.is_active);
}

pid_t test_manager_pid(const TestManager *test, const char *unit)
{
	CLEANUP(manager_free) Manager *manager = NULL;
	UnitFacts facts = {.is_loaded = false};
	Error error = ERROR_INIT;

	assert_done(manager_open_user(test->runtime, &manager, &error), &error);
	(void)snprintf(facts.name, sizeof(facts.name), "%s", unit);
	assert_done(unit_facts_read(manager, &facts, &error), &error);
	return (pid_t)facts.main_pid;
}
