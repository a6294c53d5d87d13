/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/own-units.h"

#define UNIT "own-units-test.service"

static char groups[] = "/tmp/own-units-test-XXXXXX";

/* The control groups of this kernel, where nobody else sees them. */
static int mount_groups(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		!mkdtemp(groups))
		return -1;
	return mount("cgroup2", groups, "cgroup2", 0, NULL);
}

static int unmount_groups(void **state)
{
	(void)state;
	return umount2(groups, MNT_DETACH) < 0 ? -1 : rmdir(groups);
}

/* A process that waits for its end in that unit. */
static pid_t start_in(const char *unit)
{
	char path[256];
	FILE *file;
	pid_t child;

	(void)snprintf(path, sizeof(path), "%s/%s", groups, unit);
	assert_int_equal(mkdir(path, 0755), 0);
	child = fork();
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	(void)snprintf(path, sizeof(path), "%s/%s/cgroup.procs", groups, unit);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fprintf(file, "%d", (int)child) > 0);
	assert_int_equal(fclose(file), 0);
	return child;
}

static void end_in(const char *unit, pid_t child)
{
	char path[256];

	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)snprintf(path, sizeof(path), "%s/%s", groups, unit);
	assert_int_equal(rmdir(path), 0);
}

static void has_the_unit_of_who_waits_until_he_has_ended(void **state)
{
	pid_t child = start_in(UNIT);
	const pid_t leaving[ENGINE_LEAVING_MAX] = {0, child}, nobody[ENGINE_LEAVING_MAX] = {0, 0};
	OwnUnits own;

	(void)state;
	own_units_find(leaving, &own);
	assert_true(own_units_has(&own, UNIT));
	assert_false(own_units_has(&own, ""));
	own_units_find(nobody, &own);
	assert_false(own_units_has(&own, UNIT));
	end_in(UNIT, child);
	own_units_find(leaving, &own);
	assert_false(own_units_has(&own, UNIT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			has_the_unit_of_who_waits_until_he_has_ended, mount_groups, unmount_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
