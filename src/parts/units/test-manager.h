/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: a real systemd that manages a test's own units, as a user's manager of root, in mount
 * and cgroup namespaces of its own.
 */

#include <stdbool.h>
#include <sys/types.h>

typedef struct TestManager {
	char *path;    /* everything of the test's */
	char *runtime; /* what manager_open_user() wants */
	char *group;   /* its cgroup, in a mount that only this process sees */
	pid_t pid;     /* 0: none can be had here */
} TestManager;

/* cmocka's fixture: *state is a TestManager *. This process leaves the mount namespace that it shares. */
int test_manager_setup(void **state);
int test_manager_teardown(void **state);

/* Skips the test where there is no systemd to run. */
void test_manager_need(const TestManager *test);

/* Writes a unit file; the manager has not read it before it is started, or asked to reload. */
void test_manager_write(const TestManager *test, const char *unit, const char *text);

/* Starts the unit and waits for it. */
void test_manager_start(const TestManager *test, const char *unit);

/* The unit's main process; 0 when it has none. */
pid_t test_manager_pid(const TestManager *test, const char *unit);
