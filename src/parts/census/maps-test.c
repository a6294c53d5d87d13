/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "parts/census/maps.h"

static int parse(const char *line, MapsEntry *ret, Error *error)
{
	return maps_parse(bytes_of_text(line), ret, error);
}

static void reads_the_numbers_of_a_line(void **state)
{
	MapsEntry entry;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse("7f0000001000-7f0000002000 r-xp 0001f000 fe:a1 247498       /usr/bin/head", &entry,
			    &error),
		&error);
	assert_true(entry.start == 0x7f0000001000 && entry.end == 0x7f0000002000);
	assert_true(entry.device == makedev(0xfe, 0xa1));
	assert_true(entry.inode == 247498);
}

static void reads_the_widest_numbers(void **state)
{
	MapsEntry entry;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse("fffffffffffffffe-ffffffffffffffff ---s ffffffffffffffff fff:fffff "
			  "18446744073709551615",
			    &entry, &error),
		&error);
	assert_true(entry.inode == UINT64_MAX);
	assert_true(entry.device == makedev(0xfff, 0xfffff));
}

static void refuses_malformed_lines(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"1000",
		"1000-2000",
		"1000-2000 r-xp",
		"1000-2000 r-xp 0",
		"1000-2000 r-xp 0 fe:00",
		"1000-2000 r-xp 0 fe:00 ",
		"1000-2000 r-xp 0 fe:00 x",
		"1000-2000 r-xp 0 fe:00 1x",
		"1000-2000 r-xp 0 fe:00 -1",
		"1000-2000 r-xp 0 fe00 1",
		"1000-2000 r-xp 0 fe:00: 1",
		"1000-2000 r-xp 0 1000:00 1",
		"1000-2000 r-xp 0 0:100000 1",
		"1000-2000 r-xp 0 fe:00 18446744073709551616",
		"1000-2000 r-x 0 fe:00 1",
		"1000-2000 rwxpp 0 fe:00 1",
		"1000-2000 xwrp 0 fe:00 1",
		"1000-2000 r-xp  0 fe:00 1",
		"2000-1000 r-xp 0 fe:00 1",
		"1000-1000 r-xp 0 fe:00 1",
		"1000-10000000000000000 r-xp 0 fe:00 1",
		" 1000-2000 r-xp 0 fe:00 1",
		"0x1000-2000 r-xp 0 fe:00 1",
		"1000-2000\tr-xp 0 fe:00 1",
	};
	Error error = ERROR_INIT;
	MapsEntry entry;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_fails(parse(lines[i], &entry, &error), &error, "malformed");
}

/* A descriptor to read this text from. */
static int text_fd(const void *text, size_t size)
{
	int fd = memfd_create("maps", MFD_CLOEXEC);
	Error error = ERROR_INIT;

	assert_true(fd >= 0);
	assert_done(file_write_all(fd, (Bytes){text, size}, "maps", &error), &error);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void is_not_misled_by_long_paths(void **state)
{
	static const char first[] = "1000-2000 r--p 0 fe:00 7   ";
	static const char second[] =
		"\n2000-3000 r--p 0 fe:00 8 /b\n3000-4000 rw-p 0 00:00 0 \n4000-5000 r--p 0 fe:00 9";
	char text[3 * MAPS_READ_SIZE];
	MapsReader reader;
	MapsEntry entry;
	Error error = ERROR_INIT;
	CLEANUP_CLOSE int fd = -1;

	(void)state;
	/* What looks like a line lies within the path. */
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "1000-2000 r--p 0 fe:00 6 "[i % 25];
	memcpy(text, first, strlen(first));
	memcpy(text + sizeof(text) - strlen(second), second, strlen(second));
	fd = text_fd(text, sizeof(text));
	maps_begin(&reader, fd);
	for (uint64_t inode = 7; inode <= 9; inode++) {
		assert_done(maps_next(&reader, &entry, &error), &error);
		assert_true(entry.inode == inode);
	}
	assert_int_equal(maps_next(&reader, &entry, &error), MAPS_END);
	assert_int_equal(maps_next(&reader, &entry, &error), MAPS_END);
	assert_int_equal(reader.n_lines, 4);
}

static void sees_no_line_in_an_empty_list(void **state)
{
	MapsReader reader;
	MapsEntry entry;
	Error error = ERROR_INIT;
	CLEANUP_CLOSE int fd = text_fd("", 0);

	(void)state;
	maps_begin(&reader, fd);
	assert_int_equal(maps_next(&reader, &entry, &error), MAPS_END);
	assert_int_equal(reader.n_lines, 0);
}

static void finds_this_programs_own_file(void **state)
{
	CLEANUP_CLOSE int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	Error error = ERROR_INIT;
	MapsReader reader;
	MapsEntry entry;
	struct stat status;
	bool is_found = false;
	int r;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &status), 0);
	maps_begin(&reader, fd);
	while ((r = maps_next(&reader, &entry, &error)) == 0)
		is_found = is_found || entry.inode == status.st_ino;
	assert_int_equal(r, MAPS_END);
	assert_true(is_found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_numbers_of_a_line),
		cmocka_unit_test(reads_the_widest_numbers),
		cmocka_unit_test(refuses_malformed_lines),
		cmocka_unit_test(is_not_misled_by_long_paths),
		cmocka_unit_test(sees_no_line_in_an_empty_list),
		cmocka_unit_test(finds_this_programs_own_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
