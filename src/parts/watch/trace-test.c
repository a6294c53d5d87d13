/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace.h"

#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "parts/watch/processes.h"

/* What the kernel told of one process. */
typedef struct Seen {
	Trace *trace;
	Processes processes;
	char library[PATH_LENGTH_MAX]; /* a file that the test maps */
	struct stat status;
	pid_t expected;
	int signal, code; /* with which it crashed; 0: it did not */
	uint64_t sets;    /* what it had mapped then */
	uint64_t ended;   /* 0: it lived then, as is right */
	bool has_user;
	uid_t user;
	char name[TRACE_NAME_SIZE];
} Seen;

static int look(void *userdata, const TraceRecord *record, uint64_t *ret_sets, bool *ret_keep, Error *error)
{
	const Seen *seen = userdata;

	(void)error;
	*ret_keep = record->kind != TRACE_CGROUP;
	*ret_sets = record->kind == TRACE_MAP && record->inode == seen->status.st_ino;
	return 0;
}

static int happen(void *userdata, const TraceEvent *event, Error *error)
{
	Seen *seen = userdata;
	const Process *process;

	if (processes_apply(&seen->processes, &event->record, event->sets, error) < 0)
		return -1;
	if (event->record.kind != TRACE_SIGNAL || event->record.process != seen->expected)
		return 0;
	process = processes_find(&seen->processes, seen->expected);
	assert_non_null(process);
	seen->signal = event->record.signal;
	seen->code = event->record.code;
	seen->sets = process->sets;
	seen->ended = process->ended;
	seen->has_user = event->record.has_user;
	seen->user = event->record.user;
	memcpy(seen->name, process->name, sizeof(seen->name));
	return 0;
}

static int setup(void **state)
{
	Seen *seen = calloc(1, sizeof(*seen));
	Error error = ERROR_INIT;
	int fd, r;

	assert_non_null(seen);
	r = trace_open(&seen->trace, &error);
	if (r == TRACE_UNAVAILABLE)
		print_message("this kernel, or this container, does not let processes be watched: %s\n",
			error.text);
	(void)strcpy(seen->library, "/var/tmp/suture-trace-test-XXXXXX");
	fd = mkstemp(seen->library);
	assert_true(fd >= 0 && ftruncate(fd, 4096) == 0 && fstat(fd, &seen->status) == 0);
	(void)close(fd);
	*state = seen;
	return 0;
}

static int teardown(void **state)
{
	Seen *seen = *state;

	(void)trace_free(seen->trace);
	processes_clear(&seen->processes);
	(void)unlink(seen->library);
	free(seen);
	return 0;
}

static void map_library(const Seen *seen)
{
	int fd = open(seen->library, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		_exit(99);
}

static void prepare_crash(void)
{
	static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		(void)signal(crashes[i], SIG_DFL); /* the sanitizer has its own handlers */
}

static void fault(void)
{
	volatile int *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*nowhere = 1;
}

/* Runs it as a process, to its end, and reads what was told. */
static void watch(Seen *seen, void (*act)(const Seen *))
{
	const TraceReader reader = {look, happen, seen};
	Error error = ERROR_INIT;
	bool lost;
	int status;

	if (!seen->trace)
		skip();
	assert_done(trace_read(seen->trace, &reader, &lost, &error), &error);
	seen->expected = fork();
	assert_true(seen->expected >= 0);
	if (seen->expected == 0) {
		prepare_crash();
		act(seen);
		_exit(0);
	}
	assert_int_equal(waitpid(seen->expected, &status, 0), seen->expected);
	assert_done(trace_read(seen->trace, &reader, &lost, &error), &error);
	assert_false(lost);
}

static void map_and_fault(const Seen *seen)
{
	map_library(seen);
	fault();
}

static void tells_of_a_crash_what_the_process_had_mapped(void **state)
{
	Seen *seen = *state;

	watch(seen, map_and_fault);
	assert_int_equal(seen->signal, SIGSEGV);
	assert_true(seen->code > 0);
	assert_int_equal(seen->sets, 1);
}

static void fault_as_somebody(const Seen *seen)
{
	(void)seen;
	if (setresuid(1234, 1234, 1234) == 0)
		fault();
}

/* It was waited for long before anybody reads of it. */
static void tells_whose_a_process_was_that_is_gone(void **state)
{
	Seen *seen = *state;

	if (seen->trace && !trace_knows_users(seen->trace))
		skip();
	watch(seen, fault_as_somebody);
	assert_true(seen->has_user);
	assert_int_equal(seen->user, 1234);
	watch(seen, map_and_fault);
	assert_true(seen->has_user);
	assert_int_equal(seen->user, getuid());
}

static void fault_alone(const Seen *seen)
{
	(void)seen;
	fault();
}

static void tells_of_a_crash_that_nothing_was_mapped(void **state)
{
	Seen *seen = *state;

	watch(seen, fault_alone);
	assert_int_equal(seen->signal, SIGSEGV);
	assert_int_equal(seen->sets, 0);
}

static void map_and_fork(const Seen *seen)
{
	pid_t child;

	map_library(seen);
	child = fork();
	if (child == 0)
		abort();
	if (waitpid(child, NULL, 0) != child)
		_exit(99);
	abort();
}

static void knows_abort_from_a_signal_that_was_sent(void **state)
{
	Seen *seen = *state;

	watch(seen, map_and_fork);
	assert_int_equal(seen->signal, SIGABRT);
	assert_int_equal(seen->code, SI_TKILL);
	assert_int_equal(seen->sets, 1);
}

static void kill_itself(const Seen *seen)
{
	map_library(seen);
	(void)kill(getpid(), SIGSEGV);
}

static void tells_a_signal_that_somebody_sent(void **state)
{
	Seen *seen = *state;

	watch(seen, kill_itself);
	assert_int_equal(seen->code, SI_USER);
}

static void map_and_execute(const Seen *seen)
{
	map_library(seen);
	(void)execl("/bin/sh", "sh", "-c", "kill -s SEGV $$", NULL);
	_exit(99);
}

static void a_program_that_begins_maps_nothing_of_the_former_one(void **state)
{
	Seen *seen = *state;

	watch(seen, map_and_execute);
	assert_int_equal(seen->signal, SIGSEGV);
	assert_int_equal(seen->sets, 0);
	assert_string_equal(seen->name, "sh");
}

static void *execute_in_thread(void *unused)
{
	(void)execl("/bin/sh", "sh", "-c", "kill -s SEGV $$", NULL);
	return unused;
}

static void execute_from_a_thread(const Seen *seen)
{
	pthread_t thread;

	map_library(seen);
	(void)pthread_create(&thread, NULL, execute_in_thread, NULL);
	(void)pthread_join(thread, NULL);
}

/* The kernel tells of the end of its first thread, whose number the other one gets. */
static void a_program_that_a_thread_begins_lives(void **state)
{
	Seen *seen = *state;

	watch(seen, execute_from_a_thread);
	assert_int_equal(seen->signal, SIGSEGV);
	assert_string_equal(seen->name, "sh");
	assert_int_equal(seen->sets, 0);
	assert_int_equal(seen->ended, 0);
}

static void on_signal(int number)
{
	(void)number;
	_exit(3);
}

static void catch_it(const Seen *seen)
{
	map_library(seen);
	(void)signal(SIGSEGV, on_signal);
	fault();
}

static void a_crash_that_a_handler_takes_is_none(void **state)
{
	Seen *seen = *state;

	watch(seen, catch_it);
	assert_int_equal(seen->signal, 0);
}

static void *fault_in_thread(void *unused)
{
	fault();
	return unused;
}

static void crash_in_a_thread(const Seen *seen)
{
	pthread_t thread;

	map_library(seen);
	(void)pthread_create(&thread, NULL, fault_in_thread, NULL);
	(void)pthread_join(thread, NULL);
}

static void a_crash_in_a_thread_is_its_process_s(void **state)
{
	Seen *seen = *state;

	watch(seen, crash_in_a_thread);
	assert_int_equal(seen->signal, SIGSEGV);
	assert_int_equal(seen->sets, 1);
}

static void killed(const Seen *seen)
{
	map_library(seen);
	(void)kill(getpid(), SIGKILL);
}

static void a_kill_is_no_crash(void **state)
{
	Seen *seen = *state;

	watch(seen, killed);
	assert_int_equal(seen->signal, 0);
}

static void wakes_its_reader_when_a_process_crashes(void **state)
{
	Seen *seen = *state;
	CLEANUP_FREE struct pollfd *polls = NULL;

	watch(seen, map_and_fault);
	polls = calloc(trace_n_polls(seen->trace), sizeof(*polls));
	assert_non_null(polls);
	trace_poll(seen->trace, polls);
	if (fork() == 0) {
		prepare_crash();
		fault();
	}
	assert_true(poll(polls, trace_n_polls(seen->trace), -1) > 0);
	(void)wait(NULL);
}

static void map_and_unmap(const Seen *seen)
{
	int fd = open(seen->library, O_RDONLY | O_CLOEXEC);
	void *place;

	assert_true(fd >= 0);
	place = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_true(place != MAP_FAILED);
	(void)munmap(place, 4096);
	(void)close(fd);
}

/* The kernel says so in front of the first record that has room again. */
static void says_when_it_could_not_keep_up(void **state)
{
	Seen *seen = *state;
	const TraceReader reader = {look, happen, seen};
	Error error = ERROR_INIT;
	bool lost = false, lost_before = false;
	cpu_set_t one;

	if (!seen->trace)
		skip();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	for (int i = 0; i < 2000; i++)
		map_and_unmap(seen);
	assert_done(trace_read(seen->trace, &reader, &lost_before, &error), &error);
	map_and_unmap(seen);
	assert_done(trace_read(seen->trace, &reader, &lost, &error), &error);
	assert_true(lost || lost_before);
	while (lost)
		assert_done(trace_read(seen->trace, &reader, &lost, &error), &error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			tells_of_a_crash_what_the_process_had_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_whose_a_process_was_that_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_of_a_crash_that_nothing_was_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(knows_abort_from_a_signal_that_was_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_a_signal_that_somebody_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_program_that_begins_maps_nothing_of_the_former_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_that_a_thread_begins_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(a_crash_that_a_handler_takes_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_crash_in_a_thread_is_its_process_s, setup, teardown),
		cmocka_unit_test_setup_teardown(a_kill_is_no_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(wakes_its_reader_when_a_process_crashes, setup, teardown),
		cmocka_unit_test_setup_teardown(says_when_it_could_not_keep_up, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
