/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/worker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"

/* Programs in the worker's place; tests/integration/test_worker.py has those that speak. */
typedef struct Fixture {
	char *directory;
	char path[256];
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || file_temporary_directory("suture-worker", &fixture->directory, NULL) < 0)
		return -1;
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/worker", fixture->directory);
	*state = fixture;
	return setenv("SUTURE_WORKER", fixture->path, 1);
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	(void)file_remove_tree(AT_FDCWD, fixture->directory, NULL);
	free(fixture->directory);
	free(fixture);
	return 0;
}

static int sink(void *userdata, Bytes next, Error *error)
{
	(void)userdata, (void)next;
	return error_set(error, "nothing was to come");
}

static WorkerTask task_of(uint64_t size)
{
	return (WorkerTask){.job = {PROTOCOL_IMAGE, size, size, 0}, .download = -1, .sink = sink};
}

static int run(const Fixture *fixture, const char *script, WorkerPatience patience, Error *error)
{
	WorkerTask task = task_of(1);
	Error failed = ERROR_INIT;
	int r;

	assert_done(file_replace(AT_FDCWD, fixture->path, bytes_of_text(script), 0700, &failed), &failed);
	r = worker_run(&task, patience, error);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return r;
}

static const WorkerPatience plenty = {600, 600};

static void a_worker_that_ends_at_once_is_a_failure_here(void **state)
{
	Error error = ERROR_INIT;

	assert_fails(run(*state, "#!/bin/sh\nexit 0\n", plenty, &error), &error,
		"the worker ended before it was done");
}

static void a_worker_that_cannot_be_run_is_named(void **state)
{
	Error error = ERROR_INIT;

	assert_fails(run(*state, "#!/no/such/shell\n", plenty, &error), &error,
		"/worker: No such file or directory");
}

static bool exists(const Fixture *fixture, const char *name)
{
	char path[sizeof(fixture->path) + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	return access(path, F_OK) == 0;
}

static void a_worker_gets_its_socket_and_nothing_else(void **state)
{
	static const char script[] = "#!/bin/sh\n"
				     "cd \"${0%/*}\"\n"
				     "(exec 1>&3) && : >socket\n"
				     "for fd in 4 5 6 7 8 9; do (eval \"exec 1>&$fd\") && : >more; done\n"
				     "[ -z \"$HOME$SUTURE_WORKER\" ] || : >environment\n"
				     "exit 0\n";
	CLEANUP_CLOSE int open_here = fcntl(STDERR_FILENO, F_DUPFD, 8);
	Error error = ERROR_INIT;

	assert_int_equal(open_here, 8);
	assert_fails(run(*state, script, plenty, &error), &error, "ended before it was done");
	assert_true(exists(*state, "socket"));
	assert_false(exists(*state, "more"));
	assert_false(exists(*state, "environment"));
}

static void silence_ends_a_worker(void **state)
{
	Error error = ERROR_INIT;

	assert_fails(
		run(*state, "#!/bin/sh\nread line <&3\nexec sleep 600\n", (WorkerPatience){1, 600}, &error),
		&error, "did not finish: it was silent for 1 seconds");
}

static void a_worker_that_closes_its_end_is_not_waited_for(void **state)
{
	Error error = ERROR_INIT;

	assert_fails(run(*state, "#!/bin/sh\nexec sleep 600 3>&-\n", (WorkerPatience){1, 600}, &error),
		&error, "did not finish: it went silent");
}

static void processor_time_ends_a_worker(void **state)
{
	Error error = ERROR_INIT;

	assert_fails(run(*state, "#!/bin/sh\nwhile :; do :; done\n", (WorkerPatience){600, 1}, &error),
		&error, "did not finish: it took too much time");
}

static void patience_grows_with_the_work_and_has_an_end(void **state)
{
	WorkerTask small = task_of(1), large = task_of(1ull << 30), endless = task_of(UINT64_MAX);

	(void)state;
	assert_true(worker_patience(&small).silence >= 30);
	assert_true(worker_patience(&large).silence > worker_patience(&small).silence + 1000);
	assert_true(worker_patience(&large).work > worker_patience(&large).silence);
	assert_int_equal(worker_patience(&endless).silence, 24 * 60 * 60);
	assert_int_equal(worker_patience(&endless).work, 24 * 60 * 60);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_that_ends_at_once_is_a_failure_here),
		TEST(a_worker_that_cannot_be_run_is_named),
		TEST(a_worker_gets_its_socket_and_nothing_else),
		TEST(silence_ends_a_worker),
		TEST(a_worker_that_closes_its_end_is_not_waited_for),
		TEST(processor_time_ends_a_worker),
		cmocka_unit_test(patience_grows_with_the_work_and_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
