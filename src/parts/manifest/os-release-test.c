/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "parts/manifest/os-release.h"

static int parse(const char *text, ManifestOs *ret, Error *error)
{
	return os_parse(bytes_of_text(text), "x86_64", ret, error);
}

static void reads_quoted_and_plain_values(void **state)
{
	Error error = ERROR_INIT;
	ManifestOs os = {.id = NULL};

	(void)state;
	assert_done(parse("# a comment\nNAME=\"Some OS\"\nID=debian\nVERSION_ID=\"12\"\r\n"
			  "IMAGE_VERSION='47.1'\nXID=no\n",
			    &os, &error),
		&error);
	assert_string_equal(os.id, "debian");
	assert_string_equal(os.version_id, "12");
	assert_string_equal(os.image_version, "47.1");
	assert_string_equal(os.architecture, "x86_64");
	os_clear(&os);
}

static void takes_backslashes_off(void **state)
{
	Error error = ERROR_INIT;
	ManifestOs os = {.id = NULL};

	(void)state;
	assert_done(parse("ID=\"a\\b\"\nVERSION_ID=1\\2", &os, &error), &error);
	assert_string_equal(os.id, "ab");
	assert_string_equal(os.version_id, "12");
	os_clear(&os);
}

static void the_last_assignment_wins(void **state)
{
	Error error = ERROR_INIT;
	ManifestOs os = {.id = NULL};

	(void)state;
	assert_done(parse("ID=one\nID=two\n", &os, &error), &error);
	assert_string_equal(os.id, "two");
	os_clear(&os);
}

static void absent_fields_are_what_the_manual_says(void **state)
{
	Error error = ERROR_INIT;
	struct utsname machine;
	ManifestOs os = {.id = NULL};

	(void)state;
	assert_int_equal(uname(&machine), 0);
	assert_done(os_parse(bytes_of_text("VERSION_ID=\n"), NULL, &os, &error), &error);
	assert_string_equal(os.id, "linux");
	assert_string_equal(os.version_id, "rolling");
	assert_null(os.image_version);
	assert_string_equal(os.architecture, machine.machine);
	os_clear(&os);
}

static void refuses_what_cannot_be_a_path_segment(void **state)
{
	Error error = ERROR_INIT;
	ManifestOs os = {.id = NULL};

	(void)state;
	assert_fails(parse("ID=../../etc\n", &os, &error), &error, "ID");
	assert_fails(parse("VERSION_ID=\"1 2\"\n", &os, &error), &error, "VERSION_ID");
	assert_fails(parse("IMAGE_VERSION=\"\x1b[2J\"\n", &os, &error), &error, "IMAGE_VERSION");
	assert_fails(parse("ID=\"debian\n", &os, &error), &error, "closing quote");
	assert_fails(parse("ID=debian\\\n", &os, &error), &error, "backslash");
	assert_fails(os_parse((Bytes){(const uint8_t *)"ID=a\0b", 6}, "x", &os, &error), &error, "zero byte");
	assert_null(os.id);
}

static void reads_the_file_of_a_root_and_no_other(void **state)
{
	char root[] = "/tmp/suture-os-XXXXXX";
	Error error = ERROR_INIT;
	ManifestOs os = {.id = NULL};
	int fd;

	(void)state;
	assert_non_null(mkdtemp(root));
	fd = open(root, O_PATH | O_DIRECTORY);
	assert_fails(os_read(fd, "x86_64", &os, &error), &error, "neither");
	assert_done(file_make_directories(fd, "usr/lib", 0755, NULL, &error), &error);
	assert_done(file_make_directories(fd, "etc", 0755, NULL, &error), &error);
	assert_done(
		file_replace(fd, "usr/lib/os-release", bytes_of_text("ID=inside\n"), 0644, &error), &error);
	/* Absolute: outside, it would be this machine's own. */
	assert_int_equal(symlinkat("/usr/lib/os-release", fd, "etc/os-release"), 0);
	assert_done(os_read(fd, "x86_64", &os, &error), &error);
	assert_string_equal(os.id, "inside");
	os_clear(&os);
	close(fd);
	assert_done(file_remove_tree(AT_FDCWD, root, &error), &error);
}

static void says_how_two_systems_differ(void **state)
{
	char id[] = "debian", twelve[] = "12", thirteen[] = "13", intel[] = "x86_64", arm[] = "aarch64";
	char one[] = "1", two[] = "2";
	ManifestOs wanted = {id, twelve, NULL, intel};
	ManifestOs device = {id, twelve, one, intel};
	Error error = ERROR_INIT;

	(void)state;
	assert_done(os_match(&wanted, &device, &error), &error);
	device.version_id = thirteen;
	assert_int_equal(os_match(&wanted, &device, &error), OS_DIFFERS);
	assert_string_equal(error.text, "it is made for debian 12, and this is debian 13");
	device.version_id = twelve;
	device.architecture = arm;
	assert_int_equal(os_match(&wanted, &device, &error), OS_DIFFERS);
	device.architecture = intel;
	wanted.image_version = two;
	assert_int_equal(os_match(&wanted, &device, &error), OS_DIFFERS);
	device.image_version = NULL;
	assert_int_equal(os_match(&wanted, &device, &error), OS_DIFFERS);
	device.image_version = two;
	assert_done(os_match(&wanted, &device, &error), &error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_quoted_and_plain_values),
		cmocka_unit_test(takes_backslashes_off),
		cmocka_unit_test(the_last_assignment_wins),
		cmocka_unit_test(absent_fields_are_what_the_manual_says),
		cmocka_unit_test(refuses_what_cannot_be_a_path_segment),
		cmocka_unit_test(reads_the_file_of_a_root_and_no_other),
		cmocka_unit_test(says_how_two_systems_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
