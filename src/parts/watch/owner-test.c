/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/owner.h"

#include "base/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void people_are_those_whom_no_service_has(void **state)
{
	static const uid_t people[] = {1000, 1001, 60000, 60513, 65536, 100000, 4000000000};
	static const uid_t services[] = {0, 33, 999, 61184, 65519, 65534, 65535, (uid_t)-1};

	(void)state;
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		assert_true(owner_is_person(people[i]));
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		assert_false(owner_is_person(services[i]));
}

/* A process with that user and that name, which ends and stays until it is waited for. */
static pid_t start(uid_t user, const char *name)
{
	siginfo_t unused;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(prctl(PR_SET_NAME, name) == 0 && setresuid(user, user, user) == 0 ? 0 : 99);
	assert_int_equal(waitid(P_PID, (id_t)pid, &unused, WEXITED | WNOWAIT), 0);
	assert_int_equal(unused.si_status, 0);
	return pid;
}

static void a_process_that_was_not_waited_for_has_its_owner_still(void **state)
{
	Error error = ERROR_INIT;
	pid_t pid = start(1234, "x");
	Owner owner, own;

	(void)state;
	assert_done(owner_read(getpid(), &own, &error), &error);
	assert_int_equal(own.user, getuid());
	assert_done(owner_read(pid, &owner, &error), &error);
	assert_int_equal(owner.user, 1234);
	assert_int_equal(owner.login, own.login);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(owner_read(pid, &owner, &error), OWNER_GONE);
}

static void a_name_cannot_say_whose_a_process_is(void **state)
{
	Error error = ERROR_INIT;
	pid_t pid = start(1234, "a\nUid:\t0\t0");
	Owner owner;

	(void)state;
	assert_done(owner_read(pid, &owner, &error), &error);
	assert_int_equal(owner.user, 1234);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_are_those_whom_no_service_has),
		cmocka_unit_test(a_process_that_was_not_waited_for_has_its_owner_still),
		cmocka_unit_test(a_name_cannot_say_whose_a_process_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
