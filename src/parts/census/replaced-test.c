/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <sys/sysmacros.h>

#include "parts/census/replaced.h"

static void finds_all_targets_of_one_identity(void **state)
{
	const CensusTarget list[] = {
		{.device = makedev(2, 1), .inode = 5, .subject = 9},
		{.device = makedev(1, 1), .inode = 7, .subject = 4},
		{.device = makedev(1, 1), .inode = 6, .subject = 3},
		{.device = makedev(1, 1), .inode = 7, .subject = 2},
		{.device = makedev(1, 2), .inode = 7, .subject = 1},
	};
	CLEANUP(replaced_free) Replaced *targets = NULL;
	Error error = ERROR_INIT;
	const CensusTarget *found;
	size_t n;

	(void)state;
	assert_done(replaced_new(list, ARRAY_SIZE(list), &targets, &error), &error);
	found = replaced_find(targets, makedev(1, 1), 7, &n);
	assert_int_equal(n, 2);
	assert_int_equal(found[0].subject, 2);
	assert_int_equal(found[1].subject, 4);
	found = replaced_find(targets, makedev(2, 1), 5, &n);
	assert_int_equal(n, 1);
	assert_int_equal(found[0].subject, 9);
	(void)replaced_find(targets, makedev(1, 1), 8, &n);
	assert_int_equal(n, 0);
	(void)replaced_find(targets, makedev(3, 1), 5, &n);
	assert_int_equal(n, 0);
	(void)replaced_find(targets, 0, 0, &n);
	assert_int_equal(n, 0);
}

static void counts_a_subject_once_a_process(void **state)
{
	const CensusTarget list[] = {{.inode = 1, .subject = SIZE_MAX - 1}, {.inode = 2, .subject = 0},
		{.inode = 3, .subject = 0}};
	CLEANUP(replaced_free) Replaced *targets = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(replaced_new(list, ARRAY_SIZE(list), &targets, &error), &error);
	for (int process = 0; process < 3; process++) {
		replaced_begin(targets);
		assert_true(replaced_count(targets, 0));
		assert_false(replaced_count(targets, 0));
		assert_true(replaced_count(targets, SIZE_MAX - 1));
		assert_false(replaced_count(targets, 1));
	}
}

static void looks_for_nothing(void **state)
{
	CLEANUP(replaced_free) Replaced *targets = NULL;
	Error error = ERROR_INIT;
	size_t n = 1;

	(void)state;
	assert_done(replaced_new(NULL, 0, &targets, &error), &error);
	(void)replaced_find(targets, makedev(1, 1), 1, &n);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_all_targets_of_one_identity),
		cmocka_unit_test(counts_a_subject_once_a_process),
		cmocka_unit_test(looks_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
