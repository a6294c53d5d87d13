/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/errand.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/test.h"

static int hand_over(void *userdata, int *ret_fd, Error *error)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], userdata, 5) != 5)
		return error_set(error, "no pipe");
	*ret_fd = ends[0];
	return 0;
}

static int hand_over_with_condition(void *userdata, int *ret_fd, Error *error)
{
	int r = hand_over(userdata, ret_fd, error);

	return r < 0 ? r : 3;
}

static int hand_over_nothing(void *userdata, int *ret_fd, Error *error)
{
	(void)userdata;
	(void)ret_fd;
	(void)error;
	return 0;
}

static int refuse(void *userdata, int *ret_fd, Error *error)
{
	int r = hand_over(userdata, ret_fd, error);

	return r < 0 ? r : error_os(error, EUCLEAN, "too dirty");
}

static int crash(void *userdata, int *ret_fd, Error *error)
{
	(void)userdata;
	(void)ret_fd;
	(void)error;
	(void)raise(SIGKILL);
	return 0;
}

static int change_everything(void *userdata, int *ret_fd, Error *error)
{
	if (chdir("/") < 0 || !signal(SIGTERM, SIG_IGN))
		(void)error_set(error, "could not");
	return hand_over(userdata, ret_fd, error);
}

static void assert_hello(int fd)
{
	char text[8] = "";

	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
}

static void hands_a_descriptor_back(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Error error = ERROR_INIT;
	char hello[] = "hello";

	(void)state;
	assert_done(errand_run(hand_over, hello, &fd, &error), &error);
	assert_hello(fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	/* No child is left to be waited for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void passes_a_condition_on(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Error error = ERROR_INIT;
	char hello[] = "hello";

	(void)state;
	assert_int_equal(errand_run(hand_over_with_condition, hello, &fd, &error), 3);
	assert_hello(fd);
}

static void passes_the_sentence_of_a_failure_on(void **state)
{
	Error error = ERROR_INIT;
	char hello[] = "hello";
	int fd = -7;

	(void)state;
	assert_fails(errand_run(refuse, hello, &fd, &error), &error, "too dirty");
	assert_int_equal(error.os_error, EUCLEAN);
	assert_int_equal(fd, -7);
	assert_int_equal(errand_run(refuse, hello, &fd, NULL), -1);
}

static void notices_a_child_that_dies_or_brings_nothing(void **state)
{
	Error error = ERROR_INIT;
	int fd = -7;

	(void)state;
	assert_fails(errand_run(crash, NULL, &fd, &error), &error, "ended before it was done");
	assert_fails(errand_run(hand_over_nothing, NULL, &fd, &error), &error, "handed nothing over");
	assert_int_equal(fd, -7);
}

static void leaves_the_caller_as_it_was(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Error error = ERROR_INIT;
	char hello[] = "hello", before[4096], after[4096];

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_done(errand_run(change_everything, hello, &fd, &error), &error);
	assert_non_null(getcwd(after, sizeof(after)));
	assert_string_equal(before, after);
	assert_ptr_equal(signal(SIGTERM, SIG_DFL), SIG_DFL);
}

static void works_for_a_caller_that_ignores_its_children(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Error error = ERROR_INIT;
	char hello[] = "hello";

	(void)state;
	assert_ptr_not_equal(signal(SIGCHLD, SIG_IGN), SIG_ERR);
	assert_done(errand_run(hand_over, hello, &fd, &error), &error);
	(void)signal(SIGCHLD, SIG_DFL);
	assert_hello(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_a_descriptor_back),
		cmocka_unit_test(passes_a_condition_on),
		cmocka_unit_test(passes_the_sentence_of_a_failure_on),
		cmocka_unit_test(notices_a_child_that_dies_or_brings_nothing),
		cmocka_unit_test(leaves_the_caller_as_it_was),
		cmocka_unit_test(works_for_a_caller_that_ignores_its_children),
	};

	return cmocka_run_group_tests_name("errand", tests, NULL, NULL);
}
