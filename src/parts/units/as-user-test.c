/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "parts/units/as-user.h"

enum { NOBODY = 65534, SECONDS = 60 };

/* What a child finds of itself. */
typedef struct Findings {
	uid_t real, effective, saved;
	gid_t group;
	int n_groups;
	bool can_be_root, is_dumpable, has_descriptor;
	int probe; /* a descriptor of the parent's */
} Findings;

static int setup(void **state)
{
	char *path = NULL;
	Error error = ERROR_INIT;

	assert_done(file_temporary_directory("as-user-test", &path, &error), &error);
	*state = path;
	return geteuid() == 0 ? chown(path, NOBODY, NOBODY) : 0;
}

static int teardown(void **state)
{
	Error error = ERROR_INIT;

	assert_done(file_remove_tree(AT_FDCWD, *state, &error), &error);
	free(*state);
	return 0;
}

static int look(const char *directory, void *result, Error *error)
{
	Findings *found = result;

	(void)directory;
	(void)error;
	(void)getresuid(&found->real, &found->effective, &found->saved);
	found->group = getegid();
	found->n_groups = getgroups(0, NULL);
	found->can_be_root = setuid(0) == 0;
	found->is_dumpable = prctl(PR_GET_DUMPABLE) != 0;
	found->has_descriptor = fcntl(found->probe, F_GETFD) >= 0;
	return 1;
}

static void is_the_user_for_good_and_holds_nothing_of_roots(void **state)
{
	/* Not where the child has its answer's pipe. */
	Findings found = {.probe = fcntl(STDERR_FILENO, F_DUPFD, 10)};
	Error error = ERROR_INIT;

	if (geteuid() != 0)
		skip();
	assert_true(found.probe >= 10);
	assert_int_equal(as_user(*state, look, &found, sizeof(found), SECONDS, &error), 1);
	assert_int_equal(found.real, NOBODY);
	assert_int_equal(found.effective, NOBODY);
	assert_int_equal(found.saved, NOBODY);
	assert_int_equal(found.group, NOBODY);
	assert_true(found.n_groups <= 1);
	assert_false(found.can_be_root || found.is_dumpable || found.has_descriptor);
	assert_int_equal(geteuid(), 0);
	(void)close(found.probe);
}

static int refuse(const char *directory, void *result, Error *error)
{
	*(int *)result = 7;
	return error_set(error, "no, not below %s", directory);
}

static void says_why_it_failed_and_leaves_the_result(void **state)
{
	int result = 3;
	Error error = ERROR_INIT;

	assert_fails(
		as_user(*state, refuse, &result, sizeof(result), SECONDS, &error), &error, "no, not below /");
	assert_int_equal(result, 3);
}

static int hang(const char *directory, void *result, Error *error)
{
	(void)directory;
	(void)error;
	do
		(void)pause();
	while (result);
	return 0;
}

static void does_not_wait_for_ever(void **state)
{
	int result = 3;
	Error error = ERROR_INIT;

	assert_fails(as_user(*state, hang, &result, sizeof(result), 1, &error), &error, "in time");
}

static int die(const char *directory, void *result, Error *error)
{
	(void)directory;
	(void)result;
	(void)error;
	(void)raise(SIGKILL);
	return 0;
}

static void notices_a_child_that_dies(void **state)
{
	int result = 3;
	Error error = ERROR_INIT;

	assert_fails(as_user(*state, die, &result, sizeof(result), SECONDS, &error), &error, "cut off");
	assert_int_equal(result, 3);
}

static void knows_who_is_not_logged_in(void **state)
{
	char directory[AS_USER_DIRECTORY_SIZE];
	int result = 3;
	Error error = ERROR_INIT;

	(void)state;
	assert_string_equal(as_user_directory(4294967294U, directory), "/run/user/4294967294");
	assert_fails(as_user(directory, refuse, &result, sizeof(result), SECONDS, &error), &error,
		"not logged in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_user_for_good_and_holds_nothing_of_roots),
		cmocka_unit_test(says_why_it_failed_and_leaves_the_result),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(notices_a_child_that_dies),
		cmocka_unit_test(knows_who_is_not_logged_in),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
