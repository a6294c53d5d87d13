/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/mountinfo.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "base/test.h"

static int parse(const char *text, Mountinfo *ret, Error *error)
{
	Buffer buffer = BUFFER_INIT;

	assert_int_equal(buffer_append(&buffer, text, strlen(text), error), 0);
	return mountinfo_parse(&buffer, ret, error);
}

static void reads_ids_device_point_type_and_source(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse("26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
			  "89 26 0:40 / /usr ro shared:7 master:2 propagate_from:1 - overlay suture:12 ro\n",
			    &mounts, &error),
		&error);
	assert_int_equal(mounts.n, 2);
	assert_int_equal(mounts.entries[1].id, 89);
	assert_int_equal(mounts.entries[1].parent, 26);
	assert_int_equal(mounts.entries[1].device, makedev(0, 40));
	assert_string_equal(mounts.entries[1].point, "/usr");
	assert_string_equal(mounts.entries[1].type, "overlay");
	assert_string_equal(mounts.entries[1].source, "suture:12");
	assert_ptr_equal(mountinfo_find(&mounts, 26), &mounts.entries[0]);
	assert_null(mountinfo_find(&mounts, 27));
}

static void undoes_escapes(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(
		parse("1 0 0:1 / /a\\040b\\011c\\012d\\134040\\9\\04 rw - tmpfs \\043x rw", &mounts, &error),
		&error);
	assert_string_equal(mounts.entries[0].point, "/a b\tc\nd\\040\\9\\04");
	assert_string_equal(mounts.entries[0].source, "#x");
}

static void accepts_an_empty_source_and_an_empty_table(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	CLEANUP_MOUNTINFO Mountinfo none = MOUNTINFO_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse("1 0 0:1 / / rw - tmpfs  rw\n", &mounts, &error), &error);
	assert_string_equal(mounts.entries[0].source, "");
	assert_done(parse("", &none, &error), &error);
	assert_int_equal(none.n, 0);
	assert_null(mountinfo_find(&none, 1));
}

static void refuses_malformed_lines_and_says_which(void **state)
{
	static const char *const bad[] = {
		"\n",
		"x 0 0:1 / / rw - tmpfs s rw",
		"1",
		"1 0",
		"1 0 0:1",
		"1 0 0 / / rw - tmpfs s rw",
		"1 0 0:x / / rw - tmpfs s rw",
		"1 0 0:4294967296 / / rw - tmpfs s rw",
		"99999999999999999999 0 0:1 / / rw - tmpfs s rw",
		"1 0 0:1 / / rw shared:1 tmpfs s rw",
		"1 0 0:1 / / rw -",
		"1 0 0:1 / / rw - tmpfs",
		"1 0 0:1 - tmpfs",
	};
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		Mountinfo mounts = MOUNTINFO_INIT;
		char text[256];

		(void)snprintf(text, sizeof(text), "1 0 0:1 / / rw - tmpfs s rw\n%s", bad[i]);
		assert_fails(parse(text, &mounts, &error), &error, "line 2 ");
		assert_null(mounts.entries);
	}
}

static void refuses_a_zero_byte(void **state)
{
	static const char text[] = "1 0 0:1 / /\0 rw - tmpfs s rw\n";
	Mountinfo mounts = MOUNTINFO_INIT;
	Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(buffer_append(&buffer, text, sizeof(text) - 1, &error), &error);
	assert_fails(mountinfo_parse(&buffer, &mounts, &error), &error, "zero byte");
	assert_null(buffer.data);
}

static void reads_the_table_of_this_process(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	Error error = ERROR_INIT;
	bool proc = false;

	(void)state;
	assert_done(mountinfo_read(&mounts, &error), &error);
	for (size_t i = 0; i < mounts.n; i++)
		proc = proc || strcmp(mounts.entries[i].point, "/proc") == 0;
	assert_true(proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ids_device_point_type_and_source),
		cmocka_unit_test(undoes_escapes),
		cmocka_unit_test(accepts_an_empty_source_and_an_empty_table),
		cmocka_unit_test(refuses_malformed_lines_and_says_which),
		cmocka_unit_test(refuses_a_zero_byte),
		cmocka_unit_test(reads_the_table_of_this_process),
	};

	return cmocka_run_group_tests_name("mountinfo", tests, NULL, NULL);
}
