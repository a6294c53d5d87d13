/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/mountinfo.h"

static void parse(const char *text, Mountinfo *ret)
{
	Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_int_equal(buffer_append(&buffer, text, strlen(text), &error), 0);
	assert_done(mountinfo_parse(&buffer, ret, &error), &error);
}

static void reads_every_field(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	const MountEntry *entry;

	(void)state;
	parse("36 35 98:1048575 /mnt1 /mnt2 rw,noatime master:1 shared:2 - fuse.sshfs /dev/root rw,errors\n",
		&mounts);
	assert_int_equal(mounts.n_entries, 1);
	entry = &mounts.entries[0];
	assert_int_equal(entry->id, 36);
	assert_int_equal(entry->parent, 35);
	assert_true(entry->is_outermost);
	assert_true(entry->device == makedev(98, 1048575));
	assert_string_equal(entry->root, "/mnt1");
	assert_string_equal(entry->point, "/mnt2");
	assert_false(entry->is_read_only);
	assert_string_equal(entry->type, "fuse.sshfs");
	assert_string_equal(entry->source, "/dev/root");
}

static void tells_the_mount_from_its_file_system(void **state)
{
	static const struct {
		const char *line;
		bool is_read_only;
	} cases[] = {
		{"36 35 98:0 / /a ro,noatime - ext4 /dev/sda rw\n", true},
		{"36 35 98:0 / /a ro - ext4 /dev/sda rw\n", true},
		{"36 35 98:0 / /a rw,relatime - ext4 /dev/sda ro\n", false},
		{"36 35 98:0 / /a rotten - ext4 /dev/sda ro\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

		parse(cases[i].line, &mounts);
		assert_int_equal(mounts.entries[0].is_read_only, cases[i].is_read_only);
	}
}

static void unescapes_names_and_leaves_what_is_no_escape(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	(void)state;
	parse("1 1 0:1 /a\\040b /c\\012d\\134040 rw - tmpfs \\9\\000\\04\\400\\ rw", &mounts);
	assert_string_equal(mounts.entries[0].root, "/a b");
	assert_string_equal(mounts.entries[0].point, "/c\nd\\040");
	assert_string_equal(mounts.entries[0].source, "\\9\\000\\04\\400\\");
}

static void takes_an_empty_source_and_a_root_that_is_no_path(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	(void)state;
	parse("1 1 0:1 net:[4026531840] /run/netns/a rw shared:1 - nsfs  rw\n", &mounts);
	assert_string_equal(mounts.entries[0].root, "net:[4026531840]");
	assert_string_equal(mounts.entries[0].source, "");
}

static void refuses_malformed_lines(void **state)
{
	static const char *const lines[] = {
		"\n",
		"x\n",
		"1 2 0:1 / / rw - tmpfs none\n",
		"1 2 0:1 / / rw shared:1\n",
		"1 2 0:1 / / rw -\n",
		"1 2 0:1 / / rw - tmpfs\n",
		"1 2 0:1 / / rw -  none rw\n",
		"1 2 0:1 / usr rw - tmpfs none rw\n",
		"1 2 0:1  / rw - tmpfs none rw\n",
		"1 2 01 / / rw - tmpfs none rw\n",
		"1 2 0: / / rw - tmpfs none rw\n",
		"1 2 4096:0 / / rw - tmpfs none rw\n",
		"1 2 0:1048576 / / rw - tmpfs none rw\n",
		"-1 2 0:1 / / rw - tmpfs none rw\n",
		"1 99999999999999999999 0:1 / / rw - tmpfs none rw\n",
		"1x 2 0:1 / / rw - tmpfs none rw\n",
		"1 2 0:1 / / rw - tmpfs none rw\n\n",
		"1 2 0:1 / / rw - tmpfs none rw\nhalf a li",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
		Buffer buffer = BUFFER_INIT;
		Error error = ERROR_INIT;

		assert_int_equal(buffer_append(&buffer, lines[i], strlen(lines[i]), &error), 0);
		assert_fails(mountinfo_parse(&buffer, &mounts, &error), &error, "malformed");
		assert_null(mounts.entries);
		assert_null(buffer.data);
	}
}

static void refuses_a_zero_byte(void **state)
{
	static const char text[] = "1 2 0:1 / / rw - tmpfs none rw\n1 2 0:1 / /\0 rw - tmpfs none rw\n";
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(buffer_append(&buffer, text, sizeof(text) - 1, &error), 0);
	assert_fails(mountinfo_parse(&buffer, &mounts, &error), &error, "zero byte");
}

static void parses_an_empty_table(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	(void)state;
	parse("", &mounts);
	assert_int_equal(mounts.n_entries, 0);
	assert_null(mountinfo_at(&mounts, "/usr"));
	assert_null(mountinfo_by_id(&mounts, 1));
}

static int64_t id_at(const Mountinfo *mounts, const char *path)
{
	const MountEntry *entry = mountinfo_at(mounts, path);

	return entry ? entry->id : -1;
}

static void finds_the_top_of_a_stack_in_any_order(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	(void)state;
	/* 50 was moved beneath 40: the greatest id is not what shows. */
	parse("40 50 0:40 / /usr ro - overlay suture:1 ro\n"
	      "26 1 254:0 / / rw - ext4 /dev/vda rw\n"
	      "50 26 0:50 / /usr ro - overlay suture:2 ro\n"
	      "60 26 0:60 / /usrlocal rw - tmpfs none rw\n",
		&mounts);
	assert_int_equal(id_at(&mounts, "/usr"), 40);
	assert_int_equal(id_at(&mounts, "/usr/lib/x"), 40);
	assert_int_equal(id_at(&mounts, "/usrlocal"), 60);
	assert_int_equal(id_at(&mounts, "/us"), 26);
	assert_int_equal(id_at(&mounts, "/"), 26);
}

static void knows_a_mount_that_is_covered_from_above(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	(void)state;
	parse("26 1 254:0 / / rw - ext4 /dev/vda rw\n"
	      "30 26 0:30 / /usr/lib rw - tmpfs none rw\n"
	      "31 26 0:31 / /usr rw - tmpfs none rw\n"
	      "32 26 0:32 / /opt/a rw - tmpfs none rw\n",
		&mounts);
	assert_int_equal(id_at(&mounts, "/usr/lib"), 31);
	assert_int_equal(id_at(&mounts, "/opt"), 26);
	assert_int_equal(id_at(&mounts, "/opt/a/b"), 32);
}

static void finds_mounts_below_a_root_that_is_no_mount(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	(void)state;
	parse("40 26 0:40 / /usr ro - overlay suture:1 ro\n41 40 0:41 / /usr ro - overlay suture:2 ro\n",
		&mounts);
	assert_int_equal(id_at(&mounts, "/usr"), 41);
	assert_int_equal(id_at(&mounts, "/etc"), -1);
}

static void survives_a_ring_of_parents(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	(void)state;
	parse("1 0 0:1 / / rw - tmpfs none rw\n"
	      "2 1 0:2 / / rw - tmpfs none rw\n"
	      "1 2 0:3 / / rw - tmpfs none rw\n",
		&mounts);
	assert_non_null(mountinfo_at(&mounts, "/usr"));
}

static void splits_paths_at_whole_names(void **state)
{
	(void)state;
	assert_string_equal(mountinfo_below("/usr/lib", "/usr"), "/lib");
	assert_string_equal(mountinfo_below("/usr", "/usr"), "");
	assert_string_equal(mountinfo_below("/usr", "/"), "/usr");
	assert_string_equal(mountinfo_below("/", "/"), "");
	assert_null(mountinfo_below("/usrlocal", "/usr"));
	assert_null(mountinfo_below("/", "/usr"));
	assert_null(mountinfo_below("net:[1]", "/"));
}

static void stays_fast_on_a_deep_stack(void **state)
{
	enum { DEPTH = 100000 };
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	for (int i = 1; i <= DEPTH; i++)
		assert_done(buffer_append_format(
				    &buffer, &error, "%d %d 0:1 / /usr rw - tmpfs none rw\n", i, i - 1),
			&error);
	assert_done(mountinfo_parse(&buffer, &mounts, &error), &error);
	assert_int_equal(id_at(&mounts, "/usr"), DEPTH);
}

static void reads_the_kernels_own_table(void **state)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	CLEANUP_CLOSE int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	Error error = ERROR_INIT;

	(void)state;
	assert_done(mountinfo_read(proc, "self/mountinfo", &mounts, &error), &error);
	assert_true(mounts.n_entries > 0);
	assert_non_null(mountinfo_at(&mounts, "/proc/self"));
	assert_string_equal(mountinfo_at(&mounts, "/proc/self")->type, "proc");
	assert_fails(mountinfo_read(proc, "self/none", &mounts, &error), &error, "self/none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(tells_the_mount_from_its_file_system),
		cmocka_unit_test(unescapes_names_and_leaves_what_is_no_escape),
		cmocka_unit_test(takes_an_empty_source_and_a_root_that_is_no_path),
		cmocka_unit_test(refuses_malformed_lines),
		cmocka_unit_test(refuses_a_zero_byte),
		cmocka_unit_test(parses_an_empty_table),
		cmocka_unit_test(finds_the_top_of_a_stack_in_any_order),
		cmocka_unit_test(knows_a_mount_that_is_covered_from_above),
		cmocka_unit_test(finds_mounts_below_a_root_that_is_no_mount),
		cmocka_unit_test(survives_a_ring_of_parents),
		cmocka_unit_test(splits_paths_at_whole_names),
		cmocka_unit_test(stays_fast_on_a_deep_stack),
		cmocka_unit_test(reads_the_kernels_own_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
