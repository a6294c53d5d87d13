/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/processes.h"

#include "base/test.h"

#include <string.h>

static const uint64_t second = 1000000000;

static void apply(Processes *processes, TraceRecord record, uint64_t sets)
{
	Error error = ERROR_INIT;

	assert_done(processes_apply(processes, &record, sets, &error), &error);
}

static uint64_t sets_of(const Processes *processes, pid_t pid)
{
	const Process *process = processes_find(processes, pid);

	assert_non_null(process);
	return process->sets;
}

static void follows_mappings_forks_and_programs(void **state)
{
	Processes processes = {.n = 0};

	(void)state;
	apply(&processes, (TraceRecord){.kind = TRACE_EXEC, .process = 5, .name = "sh"}, 0);
	apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = 5}, 1);
	apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = 5}, 4);
	apply(&processes, (TraceRecord){.kind = TRACE_FORK, .process = 6, .parent = 5}, 0);
	assert_int_equal(sets_of(&processes, 6), 5);
	assert_string_equal(processes_find(&processes, 6)->name, "sh");
	apply(&processes, (TraceRecord){.kind = TRACE_EXEC, .process = 6, .name = "cat"}, 0);
	assert_int_equal(sets_of(&processes, 6), 0);
	assert_int_equal(sets_of(&processes, 5), 5);
	processes_clear(&processes);
}

static void a_number_that_is_used_again_begins_anew(void **state)
{
	Processes processes = {.n = 0};

	(void)state;
	apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = 6}, 1);
	processes_find(&processes, 6)->fate = PROCESS_COUNTED;
	apply(&processes, (TraceRecord){.kind = TRACE_END, .process = 6, .time = second}, 0);
	apply(&processes, (TraceRecord){.kind = TRACE_FORK, .process = 6, .parent = 1}, 0);
	assert_int_equal(sets_of(&processes, 6), 0);
	assert_int_equal(processes_find(&processes, 6)->fate, PROCESS_LIVES);
	assert_int_equal(processes_find(&processes, 6)->ended, 0);
	processes_clear(&processes);
}

static void who_has_ended_is_kept_for_a_while(void **state)
{
	Processes processes = {.n = 0};

	(void)state;
	apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = 6}, 1);
	apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = 7}, 1);
	apply(&processes, (TraceRecord){.kind = TRACE_END, .process = 6, .time = second}, 0);
	processes_purge(&processes, 30 * second);
	assert_int_equal(sets_of(&processes, 6), 1);
	processes_purge(&processes, 2 * PROCESSES_KEPT_SECONDS * second);
	assert_null(processes_find(&processes, 6));
	assert_int_equal(sets_of(&processes, 7), 1);
	processes_clear(&processes);
}

/* A thread that begins a program takes its process's place: the kernel tells of the leader's end first. */
static void who_begins_a_program_has_not_ended(void **state)
{
	Processes processes = {.n = 0};

	(void)state;
	apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = 6}, 1);
	apply(&processes, (TraceRecord){.kind = TRACE_END, .process = 6, .time = second}, 0);
	apply(&processes, (TraceRecord){.kind = TRACE_EXEC, .process = 6, .name = "go"}, 0);
	apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = 6}, 2);
	processes_purge(&processes, 2 * PROCESSES_KEPT_SECONDS * second);
	assert_int_equal(sets_of(&processes, 6), 2);
	processes_clear(&processes);
}

static void many_are_found_again(void **state)
{
	Processes processes = {.n = 0};

	(void)state;
	for (pid_t i = 0; i < 3001; i++) { /* a prime: each number once, in no order */
		pid_t pid = 1 + i * 1000 % 3001;

		apply(&processes, (TraceRecord){.kind = TRACE_MAP, .process = pid}, (uint64_t)pid);
	}
	assert_int_equal(processes.n, 3001);
	for (pid_t pid = 1; pid <= 3001; pid++)
		assert_int_equal(sets_of(&processes, pid), pid);
	processes_clear(&processes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_mappings_forks_and_programs),
		cmocka_unit_test(a_number_that_is_used_again_begins_anew),
		cmocka_unit_test(who_has_ended_is_kept_for_a_while),
		cmocka_unit_test(who_begins_a_program_has_not_ended),
		cmocka_unit_test(many_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
