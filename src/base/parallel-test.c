/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <pthread.h>
#include <string.h>

#include "base/parallel.h"

enum { TASKS = 1000 };

typedef struct Work {
	unsigned done[TASKS]; /* how often, each by one task alone */
	size_t fails_from;    /* this task and every third behind it fail */
} Work;

static int count(void *userdata, size_t number, Error *error)
{
	Work *work = userdata;

	work->done[number]++;
	if (number >= work->fails_from && (number - work->fails_from) % 3 == 0)
		return error_set(error, "task %zu failed", number);
	return 0;
}

static void does_each_task_once(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	for (unsigned workers = 0; workers < 9; workers++) {
		Work work = {.fails_from = TASKS};

		assert_done(parallel_run(TASKS, workers, count, &work, &error), &error);
		for (size_t i = 0; i < TASKS; i++)
			assert_int_equal(work.done[i], 1);
	}
}

static void reports_the_first_failure_however_many_there_are(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	for (unsigned workers = 0; workers < 9; workers++) {
		Work work = {.fails_from = 100};

		assert_fails(parallel_run(TASKS, workers, count, &work, &error), &error, "task 100 failed");
		for (size_t i = 0; i <= 100; i++)
			assert_int_equal(work.done[i], 1);
	}
	assert_int_equal(parallel_run(1, 1, count, &(Work){.fails_from = 0}, NULL), -1);
}

static void has_nothing_to_do_without_tasks(void **state)
{
	(void)state;
	assert_int_equal(parallel_run(0, 0, count, NULL, NULL), 0);
}

typedef struct Meeting {
	pthread_barrier_t barrier;
} Meeting;

static int meet(void *userdata, size_t number, Error *error)
{
	Meeting *meeting = userdata;
	int r = pthread_barrier_wait(&meeting->barrier);

	(void)number;
	return r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : error_set(error, "nobody came");
}

/* Each of the tasks waits for the other three: one thread less would wait for ever. */
static void does_tasks_at_the_same_time(void **state)
{
	Error error = ERROR_INIT;
	Meeting meeting;

	(void)state;
	assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 4), 0);
	assert_done(parallel_run(4, 4, meet, &meeting, &error), &error);
	(void)pthread_barrier_destroy(&meeting.barrier);
}

static int nest(void *userdata, size_t number, Error *error)
{
	Work *works = userdata;

	return parallel_run(TASKS, 3, count, &works[number], error);
}

static void may_be_called_by_a_task(void **state)
{
	static Work works[4];
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		works[i] = (Work){.fails_from = TASKS};
	assert_done(parallel_run(4, 2, nest, works, &error), &error);
	for (size_t i = 0; i < TASKS; i++)
		assert_int_equal(works[3].done[i], 1);
}

static void has_at_least_one_worker_and_not_too_many(void **state)
{
	(void)state;
	assert_true(parallel_workers(0) >= 1);
	assert_int_equal(parallel_workers(1), 1);
	assert_true(parallel_workers(1000000) < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_each_task_once),
		cmocka_unit_test(reports_the_first_failure_however_many_there_are),
		cmocka_unit_test(has_nothing_to_do_without_tasks),
		cmocka_unit_test(does_tasks_at_the_same_time),
		cmocka_unit_test(may_be_called_by_a_task),
		cmocka_unit_test(has_at_least_one_worker_and_not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
