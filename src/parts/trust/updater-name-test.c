/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/updater-name.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

static void assert_role(const char *role, int64_t version, const char *expected)
{
	CLEANUP_FREE char *name = NULL;
	Error error = ERROR_INIT;

	assert_done(updater_name_of_role(role, version, &name, &error), &error);
	assert_string_equal(name, expected);
}

static void names_of_roles_are_flat(void **state)
{
	(void)state;
	assert_role("root", 3, "3.root.json");
	assert_role("timestamp", 0, "timestamp.json");
	assert_role("debian/12", 9223372036854775807, "9223372036854775807.debian%2F12.json");
	assert_role("../../etc/passwd", 0, "..%2F..%2Fetc%2Fpasswd.json");
	assert_role("..", 0, "...json");
	assert_role("a b%?\n\xc3\xa9", 0, "a%20b%25%3F%0A%C3%A9.json");
}

static void refuses_role_names_that_fit_no_file(void **state)
{
	char role[202];
	CLEANUP_FREE char *name = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(updater_name_of_role("", 0, &name, &error), &error, "does not fit a file name");
	memset(role, 'r', sizeof(role));
	role[201] = '\0';
	assert_fails(updater_name_of_role(role, 1, &name, &error), &error, "does not fit a file name");
}

static void places_a_target_beside_its_digest(void **state)
{
	CLEANUP_FREE char *plain = NULL, *consistent = NULL, *top = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(updater_name_of_target("a/b+c/d e.json", NULL, &plain, &error), &error);
	assert_string_equal(plain, "a/b%2Bc/d%20e.json");
	assert_done(updater_name_of_target("a/b.json", "ab00", &consistent, &error), &error);
	assert_string_equal(consistent, "a/ab00.b.json");
	assert_done(updater_name_of_target("b", "ab00", &top, &error), &error);
	assert_string_equal(top, "ab00.b");
}

static void a_target_has_one_flat_name(void **state)
{
	CLEANUP_FREE char *name = NULL, *again = NULL, *other = NULL;
	char path[251], like_it[251];
	Error error = ERROR_INIT;

	(void)state;
	assert_done(updater_name_flat("a/b c", &name, &error), &error);
	assert_string_equal(name, "a%2Fb%20c");
	free(TAKE_PTR(name));
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	memcpy(like_it, path, sizeof(path));
	like_it[sizeof(path) - 2] = 'b';
	assert_done(updater_name_flat(path, &name, &error), &error);
	assert_done(updater_name_flat(path, &again, &error), &error);
	assert_done(updater_name_flat(like_it, &other, &error), &error);
	assert_int_equal(strlen(name), 64);
	assert_string_equal(name, again);
	assert_string_not_equal(name, other);
	assert_fails(updater_name_flat("../a", &other, &error), &error, "not a safe relative path");
}

static void refuses_target_paths_that_leave_the_directory(void **state)
{
	static const char *const paths[] = {
		"", "/etc/passwd", "../a", "a/../../b", "a//b", "a/", "./a", "a\n"};
	CLEANUP_FREE char *name = NULL;
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_fails(updater_name_of_target(paths[i], NULL, &name, &error), &error,
			"not a safe relative path");
	assert_fails(updater_name_of_target("a", "../ab", &name, &error), &error, "not hexadecimal");
	assert_fails(updater_name_of_target("a", "", &name, &error), &error, "not hexadecimal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_roles_are_flat),
		cmocka_unit_test(refuses_role_names_that_fit_no_file),
		cmocka_unit_test(places_a_target_beside_its_digest),
		cmocka_unit_test(a_target_has_one_flat_name),
		cmocka_unit_test(refuses_target_paths_that_leave_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
