/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/conflicts.h"

#include <string.h>

#include "base/test.h"

static ManifestFile file(const char *path, ManifestFileType type)
{
	return (ManifestFile){.path = (char *)(uintptr_t)path, .type = type};
}

static int check(ManifestFile *of_a, size_t n_a, ManifestFile *of_b, size_t n_b, Error *error)
{
	static char liba[] = "liba", libb[] = "libb";
	Manifest a = {.component = liba, .files = of_a, .n_files = n_a};
	Manifest b = {.component = libb, .files = of_b, .n_files = n_b};
	Improvement items[] = {{.manifest = &a}, {.manifest = &b}};

	return conflicts_check(&(Improvements){items, 2}, error);
}

static void directories_may_be_shared_and_neighbours_do_not_meet(void **userdata)
{
	ManifestFile a[] = {file("usr/lib", MANIFEST_DIRECTORY), file("usr/lib/x", MANIFEST_REGULAR)};
	ManifestFile b[] = {file("usr/lib", MANIFEST_DIRECTORY), file("usr/lib/x.1", MANIFEST_REGULAR),
		file("usr/lib/xy", MANIFEST_REMOVED)};
	Error error = ERROR_INIT;

	(void)userdata;
	assert_done(check(a, 2, b, 3, &error), &error);
}

static void one_path_is_refused_whatever_each_of_them_does_to_it(void **userdata)
{
	static const ManifestFileType types[] = {
		MANIFEST_REGULAR, MANIFEST_SYMLINK, MANIFEST_DIRECTORY, MANIFEST_REMOVED};
	Error error = ERROR_INIT;

	(void)userdata;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(types); j++) {
			ManifestFile a = file("usr/lib/x", types[i]), b = file("usr/lib/x", types[j]);

			if (types[i] == MANIFEST_DIRECTORY && types[j] == MANIFEST_DIRECTORY)
				continue;
			assert_fails(
				check(&a, 1, &b, 1, &error), &error, "liba and libb both bring usr/lib/x");
		}
	}
}

static void what_is_no_directory_above_the_others_path_is_refused(void **userdata)
{
	static const ManifestFileType types[] = {MANIFEST_REGULAR, MANIFEST_SYMLINK, MANIFEST_REMOVED};
	ManifestFile below = file("usr/lib/x/y/z", MANIFEST_REGULAR);
	Error error = ERROR_INIT;

	(void)userdata;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		ManifestFile above = file("usr/lib/x", types[i]);

		assert_fails(check(&below, 1, &above, 1, &error), &error, "liba brings usr/lib/x/y/z");
		assert_fails(check(&above, 1, &below, 1, &error), &error, "libb brings usr/lib/x/y/z");
		assert_non_null(
			strstr(error.text, types[i] == MANIFEST_REMOVED ? "liba removes usr/lib/x,"
									: "liba replaces usr/lib/x,"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_may_be_shared_and_neighbours_do_not_meet),
		cmocka_unit_test(one_path_is_refused_whatever_each_of_them_does_to_it),
		cmocka_unit_test(what_is_no_directory_above_the_others_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
