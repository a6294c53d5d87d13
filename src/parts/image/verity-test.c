/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/verity.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"
#include "base/text.h"

enum { BLOCK = 4096, HASHES_A_BLOCK = BLOCK / DIGEST_SIZE, BLOCKS_MAX = 300 };

static const uint8_t salt[VERITY_SALT_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};

/* A file in memory with blocks of different bytes. */
static int make_image(size_t blocks)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	uint8_t block[BLOCK];
	Error error = ERROR_INIT;

	assert_true(fd >= 0);
	for (size_t i = 0; i < blocks; i++) {
		memset(block, (int)i + 1, sizeof(block));
		block[0] = (uint8_t)(i >> 8);
		assert_done(file_write_all(fd, (Bytes){block, BLOCK}, "image", &error), &error);
	}
	return fd;
}

static Digest hash_salted(const uint8_t *block)
{
	CLEANUP(hash_free) Hash *hash = NULL;
	Digest digest;
	Error error = ERROR_INIT;

	assert_done(hash_new(&hash, &error), &error);
	assert_done(hash_update(hash, (Bytes){salt, sizeof(salt)}, &error), &error);
	assert_done(hash_update(hash, (Bytes){block, BLOCK}, &error), &error);
	assert_done(hash_finish(hash, &digest, &error), &error);
	return digest;
}

/* One level up: the hashes of count blocks, in blocks padded with zeroes. Returns how many those are. */
static size_t hash_level(const uint8_t *below, size_t count, uint8_t *level)
{
	size_t blocks = (count + HASHES_A_BLOCK - 1) / HASHES_A_BLOCK;

	memset(level, 0, blocks * BLOCK);
	for (size_t i = 0; i < count; i++) {
		Digest digest = hash_salted(below + i * BLOCK);

		memcpy(level + i * DIGEST_SIZE, digest.bytes, DIGEST_SIZE);
	}
	return blocks;
}

static void read_all(int fd, uint8_t *to, size_t size)
{
	assert_int_equal(lseek(fd, 0, SEEK_END), size);
	assert_int_equal(pread(fd, to, size, 0), size);
}

/* The kernel's description worked out by hand for two levels: the topmost first in the file. */
static void builds_the_tree_that_the_kernel_documents(void **state)
{
	static uint8_t data[BLOCKS_MAX * BLOCK], low[3 * BLOCK], expected[4 * BLOCK], tree[4 * BLOCK];
	CLEANUP_CLOSE int image = make_image(BLOCKS_MAX);
	CLEANUP_CLOSE int file = memfd_create("tree", MFD_CLOEXEC);
	Digest root, expected_root;
	Error error = ERROR_INIT;

	(void)state;
	read_all(image, data, sizeof(data));
	assert_int_equal(hash_level(data, BLOCKS_MAX, low), 3);
	assert_int_equal(hash_level(low, 3, expected), 1);
	memcpy(expected + BLOCK, low, sizeof(low));
	expected_root = hash_salted(expected);
	assert_done(verity_build(image, sizeof(data), salt, file, &root, &error), &error);
	assert_memory_equal(root.bytes, expected_root.bytes, DIGEST_SIZE);
	read_all(file, tree, sizeof(tree));
	assert_memory_equal(tree, expected, sizeof(tree));
}

static void gives_the_same_root_without_a_file_for_the_tree(void **state)
{
	CLEANUP_CLOSE int image = make_image(5);
	CLEANUP_CLOSE int file = memfd_create("tree", MFD_CLOEXEC);
	Digest with, without;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(verity_build(image, 5 * BLOCK, salt, file, &with, &error), &error);
	assert_done(verity_build(image, 5 * BLOCK, salt, -1, &without, &error), &error);
	assert_memory_equal(with.bytes, without.bytes, DIGEST_SIZE);
}

static void hashes_a_single_block_into_the_root(void **state)
{
	CLEANUP_CLOSE int image = make_image(1);
	CLEANUP_CLOSE int file = memfd_create("tree", MFD_CLOEXEC);
	uint8_t block[BLOCK], tree[BLOCK];
	Digest root, expected;
	Error error = ERROR_INIT;

	(void)state;
	read_all(image, block, sizeof(block));
	expected = hash_salted(block);
	assert_done(verity_build(image, BLOCK, salt, file, &root, &error), &error);
	assert_memory_equal(root.bytes, expected.bytes, DIGEST_SIZE);
	read_all(file, tree, sizeof(tree)); /* one block, for a loop device to have a size */
}

static void refuses_an_image_that_is_not_whole_blocks(void **state)
{
	CLEANUP_CLOSE int image = make_image(2);
	Digest root;
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(verity_build(image, BLOCK, salt, -1, &root, &error), &error, "not a file of 4096 bytes");
	assert_int_equal(ftruncate(image, BLOCK + 1), 0);
	assert_fails(verity_build(image, BLOCK + 1, salt, -1, &root, &error), &error, "whole blocks");
	assert_int_equal(ftruncate(image, 0), 0);
	assert_fails(verity_build(image, 0, salt, -1, &root, &error), &error, "whole blocks");
}

static void says_why_a_tree_cannot_be_written(void **state)
{
	CLEANUP_CLOSE int image = make_image(2);
	CLEANUP_CLOSE int full = open("/dev/null", O_RDWR | O_CLOEXEC);
	Digest root;
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(verity_build(image, 2 * BLOCK, salt, full, &root, &error), &error,
		"cannot build the hash tree: ");
}

/* fs-verity's descriptor (struct fsverity_descriptor) over a file of one block, hashed by hand. */
static void measures_what_fs_verity_would(void **state)
{
	uint8_t block[BLOCK] = {0}, descriptor[256] = {1, 1, 12};
	CLEANUP_CLOSE int image = make_image(1);
	Digest block_hash, expected, measured;
	Error error = ERROR_INIT;

	(void)state;
	read_all(image, block, sizeof(block));
	assert_int_equal(ftruncate(image, 1000), 0);
	memset(block + 1000, 0, sizeof(block) - 1000);
	descriptor[8] = 1000 & 0xff;
	descriptor[9] = 1000 >> 8;
	assert_done(hash_bytes((Bytes){block, BLOCK}, &block_hash, &error), &error);
	memcpy(descriptor + 16, block_hash.bytes, DIGEST_SIZE);
	assert_done(hash_bytes((Bytes){descriptor, sizeof(descriptor)}, &expected, &error), &error);
	assert_int_equal(lseek(image, 7, SEEK_SET), 7);
	assert_done(verity_measure_file(image, 1000, &measured, &error), &error);
	assert_memory_equal(measured.bytes, expected.bytes, DIGEST_SIZE);
	assert_int_equal(lseek(image, 0, SEEK_CUR), 7);
	assert_fails(verity_measure_file(image, 1001, &measured, &error), &error, "cannot measure");
}

/* The rest needs a kernel with device-mapper and root. */
typedef struct Fixture {
	char *directory, *image, *tree;
	char name[64];
	size_t blocks;
	Digest root;
} Fixture;

static void write_file(const char *path, int from)
{
	CLEANUP_CLOSE int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	Error error = ERROR_INIT;

	assert_true(to >= 0);
	assert_int_equal(lseek(from, 0, SEEK_SET), 0);
	assert_done(file_copy(from, to, BLOCKS_MAX * BLOCK, path, &error), &error);
}

static Fixture make_fixture(size_t blocks)
{
	CLEANUP_CLOSE int image = make_image(blocks);
	CLEANUP_CLOSE int tree = memfd_create("tree", MFD_CLOEXEC);
	Fixture fixture = {.blocks = blocks};
	Error error = ERROR_INIT;

	assert_done(file_temporary_directory("verity-test", &fixture.directory, &error), &error);
	assert_done(text_format(&fixture.image, &error, "%s/image", fixture.directory), &error);
	assert_done(text_format(&fixture.tree, &error, "%s/tree", fixture.directory), &error);
	(void)snprintf(fixture.name, sizeof(fixture.name), "suture-verity-test-%d", (int)getpid());
	assert_done(verity_build(image, blocks * BLOCK, salt, tree, &fixture.root, &error), &error);
	write_file(fixture.image, image);
	write_file(fixture.tree, tree);
	return fixture;
}

static void drop_fixture(Fixture *fixture)
{
	Error error = ERROR_INIT;

	assert_done(verity_close(fixture->name, &error), &error);
	assert_done(file_remove_tree(AT_FDCWD, fixture->directory, &error), &error);
	free(fixture->directory);
	free(fixture->image);
	free(fixture->tree);
}

static int open_fixture(const Fixture *fixture, char **ret_path, Error *error)
{
	return verity_open(fixture->image, fixture->tree, fixture->blocks * BLOCK, salt, &fixture->root,
		fixture->name, ret_path, error);
}

static void says_when_the_kernel_has_no_dm_verity(void **state)
{
	Fixture fixture;
	char *path = NULL;
	Error error = ERROR_INIT;

	(void)state;
	if (verity_is_supported())
		skip();
	fixture = make_fixture(2);
	assert_int_equal(open_fixture(&fixture, &path, &error), VERITY_UNSUPPORTED);
	assert_null(path);
	drop_fixture(&fixture);
}

static bool can_open_devices(void)
{
	return geteuid() == 0 && verity_is_supported();
}

static ssize_t read_block(int fd, uint8_t *block, size_t index)
{
	return pread(fd, block, BLOCK, (off_t)(index * BLOCK));
}

static void opens_a_device_with_the_bytes_of_the_image(void **state)
{
	static const size_t sizes[] = {1, 2, BLOCKS_MAX};

	(void)state;
	if (!can_open_devices())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		Fixture fixture = make_fixture(sizes[i]);
		CLEANUP_FREE char *path = NULL;
		CLEANUP_CLOSE int device = -1, image = open(fixture.image, O_RDONLY | O_CLOEXEC);
		uint8_t is[BLOCK], expected[BLOCK];
		Error error = ERROR_INIT;

		assert_done(open_fixture(&fixture, &path, &error), &error);
		device = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(device >= 0);
		assert_int_equal(lseek(device, 0, SEEK_END), sizes[i] * BLOCK);
		assert_int_equal(read_block(device, is, sizes[i] - 1), BLOCK);
		assert_int_equal(read_block(image, expected, sizes[i] - 1), BLOCK);
		assert_memory_equal(is, expected, BLOCK);
		device = close_keeping_errno(device);
		drop_fixture(&fixture);
		assert_int_equal(access(path, F_OK), -1);
	}
}

/* Read-only as its device is, each loop device over this file; how many there are. */
static size_t count_loops(const char *file)
{
	__attribute__((cleanup(globfree))) glob_t found = {.gl_pathc = 0};
	size_t n = 0;

	(void)glob("/sys/block/loop*/loop/backing_file", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP_BUFFER Buffer backing = BUFFER_INIT, flag = BUFFER_INIT;
		char *end = strstr(found.gl_pathv[i], "/loop/backing_file");

		if (file_read(AT_FDCWD, found.gl_pathv[i], 4096, &backing, NULL) != 0 ||
			backing.size != strlen(file) + 1 || memcmp(backing.data, file, strlen(file)) != 0)
			continue;
		memcpy(end, "/ro", sizeof("/ro"));
		assert_int_equal(file_read(AT_FDCWD, found.gl_pathv[i], 16, &flag, NULL), 0);
		assert_int_equal(flag.data[0], '1');
		n++;
	}
	return n;
}

static void keeps_no_file_system_from_becoming_read_only(void **state)
{
	Fixture fixture;
	CLEANUP_FREE char *path = NULL;
	Error error = ERROR_INIT;

	(void)state;
	if (!can_open_devices())
		skip();
	fixture = make_fixture(200);
	assert_done(open_fixture(&fixture, &path, &error), &error);
	assert_int_equal(count_loops(fixture.image), 1);
	assert_int_equal(count_loops(fixture.tree), 1);
	assert_done(verity_close(fixture.name, &error), &error);
	while (count_loops(fixture.image) > 0 || count_loops(fixture.tree) > 0)
		(void)usleep(10 * 1000);
	drop_fixture(&fixture);
}

static void corrupt(const char *path, size_t block)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "corrupt", 7, (off_t)(block * BLOCK + 100)), 7);
	assert_int_equal(fsync(fd), 0);
}

static void reads_no_corrupted_block(void **state)
{
	Fixture fixture;
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int device = -1;
	uint8_t block[BLOCK];
	Error error = ERROR_INIT;

	(void)state;
	if (!can_open_devices())
		skip();
	fixture = make_fixture(200);
	corrupt(fixture.image, 150);
	assert_done(open_fixture(&fixture, &path, &error), &error);
	device = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(device >= 0);
	assert_int_equal(read_block(device, block, 10), BLOCK);
	assert_int_equal(read_block(device, block, 150), -1);
	assert_int_equal(errno, EIO);
	device = close_keeping_errno(device);
	drop_fixture(&fixture);
}

static void reads_nothing_under_another_root(void **state)
{
	Fixture fixture;
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int device = -1;
	uint8_t block[BLOCK];
	Error error = ERROR_INIT;

	(void)state;
	if (!can_open_devices())
		skip();
	fixture = make_fixture(200);
	fixture.root.bytes[0] ^= 1;
	if (open_fixture(&fixture, &path, &error) == 0) {
		device = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(device >= 0);
		assert_int_equal(read_block(device, block, 0), -1);
		device = close_keeping_errno(device);
	}
	drop_fixture(&fixture);
}

static void uses_an_open_device_again_but_only_with_its_root(void **state)
{
	Fixture fixture;
	CLEANUP_FREE char *path = NULL, *again = NULL;
	CLEANUP_CLOSE int user = -1;
	uint8_t block[BLOCK];
	Error error = ERROR_INIT;

	(void)state;
	if (!can_open_devices())
		skip();
	fixture = make_fixture(20);
	assert_done(open_fixture(&fixture, &path, &error), &error);
	assert_done(open_fixture(&fixture, &again, &error), &error);
	assert_string_equal(path, again);
	fixture.root.bytes[0] ^= 1;
	assert_fails(open_fixture(&fixture, &again, &error), &error, "open over other content");
	fixture.root.bytes[0] ^= 1;
	user = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(user >= 0);
	assert_int_equal(read_block(user, block, 3), BLOCK);
	user = close_keeping_errno(user);
	drop_fixture(&fixture);
}

static void closes_with_the_last_user(void **state)
{
	Fixture fixture;
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int user = -1;
	uint8_t block[BLOCK];
	Error error = ERROR_INIT;

	(void)state;
	if (!can_open_devices())
		skip();
	fixture = make_fixture(20);
	assert_done(open_fixture(&fixture, &path, &error), &error);
	user = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(user >= 0);
	assert_done(verity_close(fixture.name, &error), &error);
	assert_int_equal(read_block(user, block, 19), BLOCK); /* still there for its user */
	user = close_keeping_errno(user);
	while (access(path, F_OK) == 0) /* the kernel and udev do it in the background */
		(void)usleep(10 * 1000);
	drop_fixture(&fixture);
}

/* A generation that comes back while processes still hold the device that was about to close. */
static void keeps_a_closing_device_that_is_opened_again(void **state)
{
	Fixture fixture;
	CLEANUP_FREE char *path = NULL, *again = NULL;
	CLEANUP_CLOSE int user = -1;
	Error error = ERROR_INIT;

	(void)state;
	if (!can_open_devices())
		skip();
	fixture = make_fixture(20);
	assert_done(open_fixture(&fixture, &path, &error), &error);
	user = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(user >= 0);
	assert_done(verity_close(fixture.name, &error), &error);
	assert_done(open_fixture(&fixture, &again, &error), &error);
	user = close_keeping_errno(user);
	user = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(user >= 0);
	user = close_keeping_errno(user);
	drop_fixture(&fixture);
}

/* As a run that was killed after the first of the kernel's calls leaves it. */
static void make_device_without_content(const char *name)
{
	struct dm_ioctl call = {
		.version = {DM_VERSION_MAJOR, 0, 0},
		.data_size = sizeof(call),
	};
	CLEANUP_CLOSE int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	(void)snprintf(call.name, sizeof(call.name), "%s", name);
	(void)snprintf(call.uuid, sizeof(call.uuid), "CRYPT-VERITY-%s", name);
	assert_int_equal(ioctl(control, DM_DEV_CREATE, &call), 0);
}

static void opens_in_place_of_a_device_that_was_never_finished(void **state)
{
	Fixture fixture;
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int device = -1;
	uint8_t block[BLOCK];
	Error error = ERROR_INIT;

	(void)state;
	if (!can_open_devices())
		skip();
	fixture = make_fixture(20);
	make_device_without_content(fixture.name);
	assert_done(open_fixture(&fixture, &path, &error), &error);
	device = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read_block(device, block, 3), BLOCK);
	device = close_keeping_errno(device);
	assert_done(verity_close(fixture.name, &error), &error);
	make_device_without_content(fixture.name);
	assert_done(verity_close(fixture.name, &error), &error);
	make_device_without_content(fixture.name); /* the name is free */
	drop_fixture(&fixture);
}

/* An image that was fetched again, while processes still have the corrupt one. */
static void opens_another_device_beside_one_that_is_retired(void **state)
{
	(void)state;
	if (!can_open_devices())
		skip();
	for (int times = 0; times < 2; times++) {
		Fixture fixture = make_fixture(20);
		CLEANUP_FREE char *path = NULL, *again = NULL;
		CLEANUP_CLOSE int user = -1, next = -1;
		uint8_t block[BLOCK];
		Error error = ERROR_INIT;

		corrupt(fixture.image, 3);
		assert_done(open_fixture(&fixture, &path, &error), &error);
		user = open(path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(read_block(user, block, 3), -1);
		assert_true(verity_is_corrupt(fixture.name));
		assert_done(verity_retire(fixture.name, &error), &error);
		assert_false(verity_is_open(fixture.name));
		assert_int_equal(unlink(fixture.image), 0);
		next = make_image(20);
		write_file(fixture.image, next);
		next = close_keeping_errno(next);
		assert_done(open_fixture(&fixture, &again, &error), &error);
		assert_string_equal(path, again);
		assert_true(verity_is_open(fixture.name));
		assert_false(verity_is_corrupt(fixture.name));
		next = open(again, O_RDONLY | O_CLOEXEC);
		assert_int_equal(read_block(next, block, 3), BLOCK);
		assert_int_equal(read_block(user, block, 3), -1);
		assert_int_equal(read_block(user, block, 4), BLOCK); /* still there for its user */
		next = close_keeping_errno(next);
		assert_done(verity_close(fixture.name, &error), &error);
		user = close_keeping_errno(user);
		drop_fixture(&fixture);
	}
}

static void retires_what_is_not_open_without_complaint(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_done(verity_retire("suture-never-opened", &error), &error);
	assert_false(verity_is_open("suture-never-opened"));
	assert_false(verity_is_corrupt("suture-never-opened"));
}

/* Where the file system has it; tests/vm/integrity has one that does. */
static void seals_a_file_with_its_measurement_or_says_why_not(void **state)
{
	Fixture fixture = make_fixture(200);
	CLEANUP_CLOSE int image = open(fixture.image, O_RDONLY | O_CLOEXEC);
	Digest measured, expected;
	Error error = ERROR_INIT;
	int r;

	(void)state;
	assert_done(verity_measure_file(image, 200 * BLOCK, &expected, &error), &error);
	r = verity_seal(fixture.image, &measured, &error);
	if (r == 0) {
		assert_memory_equal(&measured, &expected, sizeof(expected));
		assert_int_equal(open(fixture.image, O_RDWR | O_CLOEXEC), -1);
	} else {
		assert_int_equal(r, VERITY_UNSUPPORTED);
		assert_non_null(strstr(error.text, "fs-verity cannot guard it: "));
	}
	assert_int_equal(verity_is_sealed(image, &expected), r == 0);
	expected.bytes[0] ^= 1;
	assert_false(verity_is_sealed(image, &expected));
	drop_fixture(&fixture);
}

static void closes_what_is_not_open_without_complaint(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_done(verity_close("suture-never-opened", &error), &error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_the_tree_that_the_kernel_documents),
		cmocka_unit_test(gives_the_same_root_without_a_file_for_the_tree),
		cmocka_unit_test(hashes_a_single_block_into_the_root),
		cmocka_unit_test(refuses_an_image_that_is_not_whole_blocks),
		cmocka_unit_test(says_why_a_tree_cannot_be_written),
		cmocka_unit_test(measures_what_fs_verity_would),
		cmocka_unit_test(says_when_the_kernel_has_no_dm_verity),
		cmocka_unit_test(opens_a_device_with_the_bytes_of_the_image),
		cmocka_unit_test(keeps_no_file_system_from_becoming_read_only),
		cmocka_unit_test(reads_no_corrupted_block),
		cmocka_unit_test(reads_nothing_under_another_root),
		cmocka_unit_test(uses_an_open_device_again_but_only_with_its_root),
		cmocka_unit_test(closes_with_the_last_user),
		cmocka_unit_test(keeps_a_closing_device_that_is_opened_again),
		cmocka_unit_test(opens_in_place_of_a_device_that_was_never_finished),
		cmocka_unit_test(opens_another_device_beside_one_that_is_retired),
		cmocka_unit_test(retires_what_is_not_open_without_complaint),
		cmocka_unit_test(seals_a_file_with_its_measurement_or_says_why_not),
		cmocka_unit_test(closes_what_is_not_open_without_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
