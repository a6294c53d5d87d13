/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/cgroups.h"

#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mountinfo.h"
#include "base/text.h"

static int setup(void **state)
{
	Error error = ERROR_INIT;

	assert_done(cgroups_new((Cgroups **)state, &error), &error);
	return 0;
}

static int teardown(void **state)
{
	*state = cgroups_free(*state);
	return 0;
}

static void add(Cgroups *cgroups, uint64_t number, const char *path)
{
	Error error = ERROR_INIT;

	assert_done(cgroups_add(cgroups, number, bytes_of_text(path), &error), &error);
}

static void knows_a_group_that_is_gone(void **state)
{
	add(*state, 5, "/system.slice/cron.service");
	assert_string_equal(cgroups_find(*state, 5), "/system.slice/cron.service");
	assert_null(cgroups_find(*state, 6));
}

static void a_number_that_is_used_again_is_the_new_group_s(void **state)
{
	add(*state, 5, "/a");
	add(*state, 5, "/b");
	assert_string_equal(cgroups_find(*state, 5), "/b");
}

static void a_flood_of_groups_is_bounded(void **state)
{
	for (uint64_t i = 1; i <= 3 * CGROUPS_MAX; i++)
		add(*state, i, "/x");
	assert_null(cgroups_find(*state, 2 * CGROUPS_MAX));
	assert_non_null(cgroups_find(*state, 2 * CGROUPS_MAX + 1));
}

static void a_path_that_is_too_long_is_not_known(void **state)
{
	char path[CGROUPS_PATH_MAX + 2];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	add(*state, 5, path);
	assert_null(cgroups_find(*state, 5));
}

/* By its number, the inode of its directory, as a record of the kernel names it. */
static void finds_the_groups_that_are_there(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	CLEANUP_FREE char *path = NULL;
	const char *point = NULL;
	struct stat status;
	Error error = ERROR_INIT;

	assert_done(mountinfo_read(AT_FDCWD, "/proc/self/mountinfo", &mounts, &error), &error);
	for (size_t i = 0; i < mounts.n_entries && !point; i++)
		if (strcmp(mounts.entries[i].type, "cgroup2") == 0)
			point = mounts.entries[i].point;
	if (!point) {
		print_message("there is no cgroup2 here\n");
		skip();
	}
	assert_done(text_format(&path, &error, "%s/suture-cgroups-test", point), &error);
	if (mkdir(path, 0755) < 0) {
		print_message("no group can be made here\n");
		skip();
	}
	assert_int_equal(stat(path, &status), 0);
	assert_done(cgroups_scan(*state, &error), &error);
	(void)rmdir(path);
	assert_string_equal(cgroups_find(*state, status.st_ino), "/suture-cgroups-test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(knows_a_group_that_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_number_that_is_used_again_is_the_new_group_s, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_groups_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(a_path_that_is_too_long_is_not_known, setup, teardown),
		cmocka_unit_test_setup_teardown(finds_the_groups_that_are_there, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
