/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/idle.h"

#include <linux/ioprio.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

static int oom_score(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "re");
	int score = -1;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &score), 1);
	assert_int_equal(fclose(file), 0);
	return score;
}

/* As bits, what is idle: the processor, the disk, memory. */
static int look(int score)
{
	long priority = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);

	return (sched_getscheduler(0) == SCHED_IDLE) |
	       (IOPRIO_PRIO_CLASS(priority) == IOPRIO_CLASS_IDLE) << 1 | (oom_score() == score) << 2;
}

/* What work() finds in a process of its own, which does not come back from being idle. */
static int in_process(int (*work)(void))
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0)
		_exit(work());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int look_at_child(void)
{
	return look(500);
}

static int become_and_look(void)
{
	return idle_become(NULL) == 0 ? look(500) & in_process(look_at_child) : -1;
}

static void makes_this_process_and_those_it_starts_idle(void **state)
{
	(void)state;
	assert_int_equal(in_process(look_at_child), 0);
	assert_int_equal(in_process(become_and_look), 7);
}

static int become_with_more(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "we");

	if (!file || fputs("900", file) < 0 || fclose(file) != 0)
		return -1;
	return idle_become(NULL) == 0 && idle_become(NULL) == 0 ? look(900) : -1;
}

static void lets_nobody_be_ended_later_than_before(void **state)
{
	(void)state;
	assert_int_equal(in_process(become_with_more), 7);
}

/* Without CAP_SYS_NICE nobody may, in some containers. */
static int may_go_back(void)
{
	const struct sched_param none = {.sched_priority = 0};

	return sched_setscheduler(0, SCHED_IDLE, &none) == 0 &&
	       sched_setscheduler(0, SCHED_OTHER, &none) == 0;
}

static int become_and_end(void)
{
	int before = oom_score();

	if (idle_become(NULL) < 0 || idle_become(NULL) < 0 || look(500) != 7)
		return -1;
	idle_end();
	return look(before);
}

static void has_a_way_back_for_who_may(void **state)
{
	(void)state;
	if (!in_process(may_go_back) || geteuid() != 0 || oom_score() >= 500)
		skip();
	assert_int_equal(in_process(become_and_end), 4);
}

static int end_what_was_not_begun(void)
{
	int before = oom_score();

	idle_end();
	return look(before);
}

static void changes_nothing_where_nothing_was_idle(void **state)
{
	(void)state;
	assert_int_equal(in_process(end_what_was_not_begun), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_this_process_and_those_it_starts_idle),
		cmocka_unit_test(lets_nobody_be_ended_later_than_before),
		cmocka_unit_test(has_a_way_back_for_who_may),
		cmocka_unit_test(changes_nothing_where_nothing_was_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
