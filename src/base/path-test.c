/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

static void accepts_relative_paths(void **state)
{
	static const char *const paths[] = {"a", "usr/lib/x86_64-linux-gnu/libxml2.so.2.9.14", "a b/c", "...",
		"..a", "a..", ".a/..b", "-", "~", "a\\b", "\xc3\xa9t\xc3\xa9"};
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_true(path_is_safe(paths[i]));
		assert_done(path_check(paths[i], &error), &error);
	}
}

static void refuses_paths_that_could_leave(void **state)
{
	static const char *const paths[] = {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/.",
		"a/..", "a/./b", "a/../b", "a/b/../../..", "a\nb", "a\033b", "a\177b", "\001"};
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_false(path_is_safe(paths[i]));
		assert_fails(path_check(paths[i], &error), &error, "is not a safe relative path");
	}
}

static void bounds_paths_and_their_components(void **state)
{
	char path[PATH_LENGTH_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : 'a';
	path[PATH_LENGTH_MAX] = '\0';
	assert_true(path_is_safe(path));
	path[PATH_LENGTH_MAX] = 'a';
	path[PATH_LENGTH_MAX - 1] = 'a';
	path[PATH_LENGTH_MAX + 1] = '\0';
	assert_false(path_is_safe(path));
	memset(path, 'a', 256);
	path[255] = '\0';
	assert_true(path_is_safe(path));
	path[255] = 'a';
	path[256] = '\0';
	assert_false(path_is_safe(path));
}

static void finds_the_last_part(void **state)
{
	(void)state;
	assert_string_equal(path_basename("a"), "a");
	assert_string_equal(path_basename("/a/b.c"), "b.c");
	assert_string_equal(path_basename("a/"), "");
	assert_string_equal(path_basename(""), "");
}

static void assert_joined(const char *directory, const char *name, const char *expected)
{
	CLEANUP_FREE char *path = NULL;
	Error error = ERROR_INIT;

	assert_done(path_join(directory, name, &path, &error), &error);
	assert_string_equal(path, expected);
}

static void joins_with_one_slash(void **state)
{
	(void)state;
	assert_joined("a", "b", "a/b");
	assert_joined("a/", "b", "a/b");
	assert_joined("/", "b", "/b");
	assert_joined("", "b", "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_relative_paths),
		cmocka_unit_test(refuses_paths_that_could_leave),
		cmocka_unit_test(bounds_paths_and_their_components),
		cmocka_unit_test(finds_the_last_part),
		cmocka_unit_test(joins_with_one_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
