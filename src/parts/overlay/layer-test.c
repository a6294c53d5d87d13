/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/layer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "parts/overlay/fixture.h"
#include "parts/overlay/generation.h"

static void assert_holds(int tree, const char *expected)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(file_read(tree, "lib/changed", 64, &content, &error), &error);
	assert_string_equal((const char *)content.data, expected);
}

static Fixture *begin_with_loop(void **state)
{
	CLEANUP_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		skip();
	return fixture_begin(state);
}

static void mounts_a_file_without_a_loop_device_where_the_kernel_can(void **state)
{
	Fixture *fixture = fixture_begin(state);
	CLEANUP_CLOSE int image = -1;
	CLEANUP_CLOSE int tree = -1;
	Error error = ERROR_INIT;
	int r;

	assert_done(layer_open(fixture_image(fixture, "one"), &image, &error), &error);
	r = layer_mount(image, LAYER_DIRECT, &tree, &error);
	if (r == LAYER_NEEDS_LOOP)
		skip();
	assert_done(r, &error);
	assert_int_equal(fixture_loops(fixture, 0), 0);
	assert_holds(tree, "one");
}

static void mounts_over_a_loop_device_that_clears_itself(void **state)
{
	Fixture *fixture = begin_with_loop(state);
	CLEANUP_CLOSE int image = -1;
	CLEANUP_CLOSE int tree = -1;
	Error error = ERROR_INIT;

	assert_done(layer_open(fixture_image(fixture, "one"), &image, &error), &error);
	assert_done(layer_mount(image, LAYER_LOOP, &tree, &error), &error);
	assert_int_equal(fixture_loops(fixture, 1), 1);
	assert_holds(tree, "one");
	tree = close_keeping_errno(tree);
	assert_int_equal(fixture_loops(fixture, 0), 0);
}

static void leaves_no_loop_device_behind_a_corrupt_image(void **state)
{
	Fixture *fixture = begin_with_loop(state);
	CLEANUP_CLOSE int image = -1;
	Error error = ERROR_INIT;
	char path[128], zeros[8192] = "";
	int tree = -7;

	memset(zeros, 'x', sizeof(zeros) - 1);
	fixture_write(fixture, "images/corrupt.img", zeros);
	(void)snprintf(path, sizeof(path), "%s/images/corrupt.img", fixture->directory);
	assert_done(layer_open(path, &image, &error), &error);
	assert_fails(layer_mount(image, LAYER_LOOP, &tree, &error), &error, "no intact EROFS image");
	assert_int_equal(tree, -7);
	assert_int_equal(fixture_loops(fixture, 0), 0);
}

/* A file on a tmpfs cannot be mounted directly by any kernel so far. */
static void falls_back_to_a_loop_device(void **state)
{
	Fixture *fixture = begin_with_loop(state);
	const char *image = fixture_image(fixture, "one");
	OverlayLayer layers[2] = {{image}, {NULL}};
	GenerationPlan plan = {fixture->root, 5, layers, 2, LAYER_DIRECT};
	CLEANUP_CLOSE int tree = -1;
	Error error = ERROR_INIT;
	char volatile_image[160];

	(void)snprintf(volatile_image, sizeof(volatile_image), "%s/volatile", fixture->directory);
	assert_int_equal(mkdir(volatile_image, 0755), 0);
	assert_int_equal(mount("volatile", volatile_image, "tmpfs", 0, NULL), 0);
	fixture_install(fixture, image, "volatile/copy.img", 0644);
	(void)strcat(volatile_image, "/copy.img");
	layers[1].path = volatile_image;
	assert_done(generation_build(&plan, &tree, &error), &error);
	assert_holds(tree, "one");
}

static void builds_a_generation_over_loop_devices(void **state)
{
	Fixture *fixture = begin_with_loop(state);
	OverlayLayer layers[2] = {{fixture_image(fixture, "one")}, {fixture_image(fixture, "two")}};
	GenerationPlan plan = {fixture->root, 5, layers, 2, LAYER_LOOP};
	CLEANUP_CLOSE int tree = -1;
	Error error = ERROR_INIT;

	assert_done(generation_build(&plan, &tree, &error), &error);
	assert_int_equal(fixture_loops(fixture, 2), 2);
	assert_holds(tree, "one");
	assert_int_equal(move_mount(tree, "", AT_FDCWD, fixture->usr, MOVE_MOUNT_F_EMPTY_PATH), 0);
	fixture_assert_current(fixture, 5);
	tree = close_keeping_errno(tree);
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_int_equal(fixture_loops(fixture, 0), 0);
}

static void opens_nothing_but_files_and_block_devices(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	char path[128];
	int fd = -7;

	(void)snprintf(path, sizeof(path), "%s/pipe", fixture->directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_fails(layer_open(path, &fd, &error), &error, "neither a regular file nor a block device");
	assert_fails(layer_open("/dev/null", &fd, &error), &error, "neither a regular file nor");
	assert_fails(layer_open("/nothing/there", &fd, &error), &error, "cannot open the image");
	assert_int_equal(fd, -7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(mounts_a_file_without_a_loop_device_where_the_kernel_can),
		fixture_test(mounts_over_a_loop_device_that_clears_itself),
		fixture_test(leaves_no_loop_device_behind_a_corrupt_image),
		fixture_test(falls_back_to_a_loop_device),
		fixture_test(builds_a_generation_over_loop_devices),
		fixture_test(opens_nothing_but_files_and_block_devices),
	};

	return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
