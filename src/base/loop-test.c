/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/loop.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/test.h"

enum { SIZE = 4096 };

static void attaches_a_device_that_is_read_only_and_clears_itself(void **state)
{
	CLEANUP_CLOSE int file = memfd_create("file", MFD_CLOEXEC);
	CLEANUP_CLOSE int loop = -1, again = -1;
	char path[LOOP_PATH_SIZE], text[] = "no";
	struct loop_info64 info;
	int is_read_only = 0;
	Error error = ERROR_INIT;

	(void)state;
	if (access("/dev/loop-control", R_OK | W_OK) != 0)
		skip();
	assert_int_equal(ftruncate(file, SIZE), 0);
	assert_int_equal(pwrite(file, "yes", 3, 0), 3);
	assert_done(loop_attach(file, &loop, path, &error), &error);
	again = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(again, text, 2, 0), 2);
	assert_string_equal(text, "ye");
	assert_int_equal(ioctl(loop, BLKROGET, &is_read_only), 0);
	assert_true(is_read_only);
	assert_int_equal(ioctl(loop, LOOP_GET_STATUS64, &info), 0);
	assert_true(info.lo_flags & LO_FLAGS_AUTOCLEAR);
}

static void says_what_cannot_be_attached(void **state)
{
	CLEANUP_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char path[LOOP_PATH_SIZE];
	Error error = ERROR_INIT;
	int loop = -1;

	(void)state;
	assert_fails(loop_attach(null, &loop, path, &error), &error, "loop device");
	assert_int_equal(loop, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attaches_a_device_that_is_read_only_and_clears_itself),
		cmocka_unit_test(says_what_cannot_be_attached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
