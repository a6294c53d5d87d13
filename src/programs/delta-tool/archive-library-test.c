/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "programs/delta-tool/archive-library.h"

static void has_a_function_behind_each_name(void **state)
{
	const ArchiveLibrary *library = NULL;
	Error error = ERROR_INIT;
	void *functions[sizeof(ArchiveLibrary) / sizeof(void *)];

	(void)state;
	assert_done(archive_library_load(&library, &error), &error);
	memcpy(functions, library, sizeof(functions));
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		assert_non_null(functions[i]);
}

static void calls_the_library(void **state)
{
	const ArchiveLibrary *library = NULL;
	Error error = ERROR_INIT;
	struct archive_entry *entry;

	(void)state;
	assert_done(archive_library_load(&library, &error), &error);
	entry = library->archive_entry_new();
	library->archive_entry_set_pathname(entry, "usr/lib/libx.so");
	assert_string_equal(library->archive_entry_pathname(entry), "usr/lib/libx.so");
	library->archive_entry_free(entry);
}

static void is_the_same_the_second_time(void **state)
{
	const ArchiveLibrary *first = NULL, *second = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(archive_library_load(&first, &error), &error);
	assert_done(archive_library_load(&second, &error), &error);
	assert_ptr_equal(first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_function_behind_each_name),
		cmocka_unit_test(calls_the_library),
		cmocka_unit_test(is_the_same_the_second_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
