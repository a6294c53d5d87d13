/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/cpu-changes.h"

#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int setup(void **state)
{
	CpuChanges *changes = NULL;
	Error error = ERROR_INIT;

	assert_done(cpu_changes_open(&changes, &error), &error);
	*state = changes;
	return 0;
}

static int teardown(void **state)
{
	(void)cpu_changes_free(*state);
	return 0;
}

/* The kernel sends what it would when this happened to the first CPU: a uevent that is asked for
 * (Documentation/ ABI/testing/sysfs-uevent). Nothing happens to the CPU. */
static void send_uevent(const char *action)
{
	int fd = open("/sys/devices/system/cpu/cpu0/uevent", O_WRONLY | O_CLOEXEC);
	bool sent = fd >= 0 && write(fd, action, strlen(action)) == (ssize_t)strlen(action);

	(void)close_keeping_errno(fd);
	if (!sent)
		skip();
}

static bool wakes(const CpuChanges *changes)
{
	struct pollfd polls[CPU_CHANGES_POLLS];

	cpu_changes_poll(changes, polls);
	if (polls[1].fd < 0)
		skip();
	return poll(polls, CPU_CHANGES_POLLS, 0) > 0;
}

static void notices_a_cpu_that_is_switched(void **state)
{
	static const char *const actions[] = {"offline", "online"};
	CpuChanges *changes = *state;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		send_uevent(actions[i]);
		assert_true(wakes(changes));
		assert_true(cpu_changes_noticed(changes));
		assert_false(wakes(changes));
		assert_false(cpu_changes_noticed(changes));
	}
}

static void sleeps_when_something_else_happens_to_a_device(void **state)
{
	static const char *const actions[] = {"add", "change"};
	CpuChanges *changes = *state;

	assert_false(cpu_changes_noticed(changes));
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		send_uevent(actions[i]);
		assert_false(wakes(changes));
	}
	assert_false(cpu_changes_noticed(changes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(notices_a_cpu_that_is_switched, setup, teardown),
		cmocka_unit_test_setup_teardown(
			sleeps_when_something_else_happens_to_a_device, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
