/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

enum { WORKERS_MAX = 64 };

typedef struct Run {
	ParallelTask task;
	void *userdata;
	size_t n;
	pthread_mutex_t lock; /* for what follows */
	size_t next;          /* task to be begun */
	size_t failed;        /* the first task that has failed so far, n when none has */
	Error error;          /* its */
} Run;

unsigned parallel_workers(unsigned workers)
{
	cpu_set_t allowed;

	if (workers == 0)
		workers = sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? (unsigned)CPU_COUNT(&allowed)
									       : 1;
	return workers < 1 ? 1 : workers < WORKERS_MAX ? workers : WORKERS_MAX;
}

static bool begin_task(Run *run, size_t *ret)
{
	bool is_any;

	(void)pthread_mutex_lock(&run->lock);
	is_any = run->next < run->n && run->failed == run->n;
	if (is_any)
		*ret = run->next++;
	(void)pthread_mutex_unlock(&run->lock);
	return is_any;
}

/* As tasks are begun in order, those before the first that fails have all been begun. */
static void note_failure(Run *run, size_t number, const Error *error)
{
	(void)pthread_mutex_lock(&run->lock);
	if (number < run->failed) {
		run->failed = number;
		run->error = *error;
	}
	(void)pthread_mutex_unlock(&run->lock);
}

static void *work(void *userdata)
{
	Run *run = userdata;
	Error error = ERROR_INIT;
	size_t number;

	while (begin_task(run, &number))
		if (run->task(run->userdata, number, &error) < 0)
			note_failure(run, number, &error);
	return NULL;
}

int parallel_run(size_t n, unsigned workers, ParallelTask task, void *userdata, Error *error)
{
	Run run = {
		.task = task, .userdata = userdata, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER, .failed = n};
	pthread_t threads[WORKERS_MAX];
	unsigned n_threads = 0;

	workers = parallel_workers(workers);
	/* Where no thread is to be had, those that are do it all. */
	while (n_threads + 1 < workers && n_threads + 1 < n &&
		pthread_create(&threads[n_threads], NULL, work, &run) == 0)
		n_threads++;
	(void)work(&run);
	for (unsigned i = 0; i < n_threads; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_mutex_destroy(&run.lock);
	if (run.failed == n)
		return 0;
	if (error)
		*error = run.error;
	return -1;
}
