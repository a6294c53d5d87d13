/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/build/build.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/test.h"
#include "base/text.h"

enum { IMAGE_MAX = 1 << 20, BUILD_TIME_AT = 1024 + 24, UUID_AT = 1024 + 48 };

static const int64_t release_time = 1700000000;

/* security.capability, version 2: cap_net_raw, effective. */
static const uint8_t capability[20] = {1, 0, 0, 2, 0, 0x20};

static char *root; /* a temporary directory for each test */

static int setup(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_done(file_temporary_directory("build-test", &root, &error), &error);
	return 0;
}

static int teardown(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_done(file_remove_tree(AT_FDCWD, root, &error), &error);
	free(root);
	return 0;
}

static char *below_root(const char *name)
{
	char *path = NULL;
	Error error = ERROR_INIT;

	assert_done(text_format(&path, &error, "%s/%s", root, name), &error);
	return path;
}

static void put(int tree, const char *name, const char *content, mode_t mode)
{
	CLEANUP_CLOSE int fd = openat(tree, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	Error error = ERROR_INIT;

	assert_true(fd >= 0);
	assert_done(file_write_all(fd, bytes_of_text(content), name, &error), &error);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void put_setuid(int tree)
{
	put(tree, "bin/su", "setuid", 0755);
	if (geteuid() == 0)
		assert_int_equal(fchownat(tree, "bin/su", 1234, 70000, 0), 0);
	assert_int_equal(fchmodat(tree, "bin/su", 06755, 0), 0);
	assert_int_equal(linkat(tree, "bin/su", tree, "bin/second", 0), 0);
}

static void put_capable(int tree)
{
	CLEANUP_CLOSE int fd = -1;

	put(tree, "bin/ping", "ping", 0755);
	fd = openat(tree, "bin/ping", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	if (geteuid() == 0)
		assert_int_equal(fsetxattr(fd, "security.capability", capability, sizeof(capability), 0), 0);
}

static void put_specials(int tree)
{
	assert_int_equal(symlinkat("../lib/libx.so.1", tree, "bin/link"), 0);
	assert_int_equal(mknodat(tree, "lib/gone.so", S_IFCHR, makedev(0, 0)), 0);
}

static void put_libraries(int tree, bool backwards)
{
	for (int i = 0; i < 40; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "lib/libx.so.%d", backwards ? 39 - i : i);
		put(tree, name, name, 0644);
	}
}

/* The same tree, in one order or the other. */
static char *stage(const char *name, bool backwards)
{
	static void (*const steps[])(int tree) = {put_setuid, put_capable, put_specials};
	CLEANUP_CLOSE int tree = -1;
	char *path = below_root(name);

	assert_int_equal(mkdir(path, 0755), 0);
	tree = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree >= 0);
	assert_int_equal(mkdirat(tree, backwards ? "lib" : "bin", 0755), 0);
	assert_int_equal(mkdirat(tree, backwards ? "bin" : "lib", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		steps[backwards ? ARRAY_SIZE(steps) - 1 - i : i](tree);
	put_libraries(tree, backwards);
	return path;
}

static void build(const char *tree, const char *name, const char *image, Buffer *ret)
{
	CLEANUP_FREE char *path = below_root(image);
	Error error = ERROR_INIT;

	assert_done(image_build(tree, name, release_time, path, &error), &error);
	assert_done(file_read(AT_FDCWD, path, IMAGE_MAX, ret, &error), &error);
}

static void gives_the_same_bytes_for_the_same_tree(void **state)
{
	CLEANUP_FREE char *one = stage("one", false), *two = stage("the second one", true);
	CLEANUP_BUFFER Buffer first = BUFFER_INIT, second = BUFFER_INIT, third = BUFFER_INIT;
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	CLEANUP_FREE char *library = below_root("the second one/lib/libx.so.7");

	(void)state;
	assert_int_equal(utimensat(AT_FDCWD, library, old, 0), 0);
	build(one, "webkit2gtk (a)", "image 1", &first);
	build(two, "webkit2gtk (a)", "image 2", &second);
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
	assert_int_equal(setenv("SOURCE_DATE_EPOCH", "1234567890", 1), 0);
	build(one, "webkit2gtk (a)", "image 3", &third);
	assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&third)));
}

static void derives_time_and_uuid_from_what_it_is_told(void **state)
{
	CLEANUP_FREE char *tree = stage("tree", false);
	CLEANUP_BUFFER Buffer first = BUFFER_INIT, second = BUFFER_INIT;

	(void)state;
	build(tree, "webkit2gtk (a)", "a", &first);
	build(tree, "webkit2gtk (b)", "b", &second);
	assert_int_equal(load_u64(first.data + BUILD_TIME_AT), release_time);
	assert_int_equal(first.data[UUID_AT + 6] >> 4, 8);
	assert_int_equal(first.data[UUID_AT + 8] >> 6, 2);
	assert_memory_not_equal(first.data + UUID_AT, second.data + UUID_AT, 16);
}

static void assert_mounted_tree_is_the_staged_one(int mounted)
{
	struct stat su, second, gone, library;
	char link[64] = "";
	CLEANUP_CLOSE int ping = openat(mounted, "bin/ping", O_RDONLY | O_CLOEXEC);
	uint8_t attribute[64];

	assert_true(ping >= 0);
	assert_int_equal(
		fgetxattr(ping, "security.capability", attribute, sizeof(attribute)), sizeof(capability));
	assert_memory_equal(attribute, capability, sizeof(capability));
	assert_int_equal(fstatat(mounted, "bin/su", &su, 0), 0);
	assert_int_equal(fstatat(mounted, "bin/second", &second, 0), 0);
	assert_int_equal(fstatat(mounted, "lib/gone.so", &gone, 0), 0);
	assert_int_equal(fstatat(mounted, "lib/libx.so.39", &library, 0), 0);
	assert_int_equal(su.st_mode, S_IFREG | 06755);
	assert_int_equal(su.st_uid, 1234);
	assert_int_equal(su.st_gid, 70000);
	assert_int_equal(su.st_nlink, 2);
	assert_int_equal(su.st_ino, second.st_ino);
	assert_true(S_ISCHR(gone.st_mode));
	assert_int_equal(gone.st_rdev, makedev(0, 0));
	assert_int_equal(library.st_mtime, release_time);
	assert_true(readlinkat(mounted, "bin/link", link, sizeof(link) - 1) > 0);
	assert_string_equal(link, "../lib/libx.so.1");
}

/* The directory with the image over it, or -1. The mount lives in a namespace that ends with this process. */
static int open_mounted(const char *image, const char *directory)
{
	const char *argv[] = {"mount", "-t", "erofs", "-o", "ro,loop", image, directory, NULL};
	int mounted;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		process_run(argv, 0, NULL, NULL) < 0)
		return -1;
	mounted = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(umount2(directory, MNT_DETACH), 0);
	assert_true(mounted >= 0);
	return mounted;
}

static int build_and_open(void)
{
	CLEANUP_FREE char *tree = stage("tree", false), *image = below_root("image");
	Error error = ERROR_INIT;

	assert_done(image_build(tree, "openssl (a)", release_time, image, &error), &error);
	return open_mounted(image, tree);
}

static void keeps_owners_modes_attributes_and_whiteouts(void **state)
{
	CLEANUP_CLOSE int mounted = build_and_open();

	(void)state;
	if (mounted < 0)
		skip(); /* not root, or no EROFS */
	assert_mounted_tree_is_the_staged_one(mounted);
}

static void replaces_what_was_there(void **state)
{
	CLEANUP_FREE char *tree = stage("tree", false), *image = below_root("image");
	CLEANUP_BUFFER Buffer first = BUFFER_INIT, second = BUFFER_INIT;
	CLEANUP_CLOSE int old = -1;
	struct stat status;

	(void)state;
	build(tree, "openssl (a)", "image", &first);
	old = open(image, O_RDWR | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(old, "more", 4), 4);
	build(tree, "openssl (a)", "image", &second);
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
	assert_int_equal(fstat(old, &status), 0); /* a mounted old image keeps its bytes */
	assert_int_equal(status.st_size, first.size + 4);
}

static void says_what_is_wrong_with_its_places(void **state)
{
	CLEANUP_FREE char *tree = stage("tree", false), *image = below_root("image");
	CLEANUP_FREE char *absent = below_root("absent"), *nowhere = below_root("absent/image");
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(image_build(absent, "x", 0, image, &error), &error, "staged tree");
	assert_fails(image_build("/etc/passwd", "x", 0, image, &error), &error, "is not a directory");
	assert_fails(image_build(tree, "x", 0, nowhere, &error), &error, "cannot create");
	assert_fails(image_build(tree, "x", -1, image, &error), &error, "1970");
	assert_int_equal(access(image, F_OK), -1);
}

static void names_the_package_of_a_missing_mkfs(void **state)
{
	CLEANUP_FREE char *tree = stage("tree", false), *image = below_root("image");
	CLEANUP_FREE char *path = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(text_copy(getenv("PATH"), &path, &error), &error);
	assert_int_equal(setenv("PATH", root, 1), 0);
	assert_fails(image_build(tree, "x", 0, image, &error), &error, "install the package erofs-utils");
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(access(image, F_OK), -1);
}

/* A mkfs.erofs that fails the way the real one does on a broken tree. */
static void passes_on_the_complaint_of_mkfs_and_leaves_nothing(void **state)
{
	static const char script[] = "#!/bin/sh\necho '<E> erofs: No space left' >&2\nexit 1\n";
	CLEANUP_FREE char *tree = stage("tree", false), *image = below_root("image"), *path = NULL;
	CLEANUP_FREE char *search = NULL;
	CLEANUP_CLOSE int directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	Error error = ERROR_INIT;

	(void)state;
	put(directory, "mkfs.erofs", script, 0755);
	assert_done(text_copy(getenv("PATH"), &path, &error), &error);
	assert_done(text_format(&search, &error, "%s:%s", root, path), &error);
	assert_int_equal(setenv("PATH", search, 1), 0);
	assert_fails(image_build(tree, "x", 0, image, &error), &error, "erofs: No space left");
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(access(image, F_OK), -1);
}

#define build_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const char *const probe[] = {"mkfs.erofs", "--help", NULL};
	const struct CMUnitTest tests[] = {
		build_test(gives_the_same_bytes_for_the_same_tree),
		build_test(derives_time_and_uuid_from_what_it_is_told),
		build_test(keeps_owners_modes_attributes_and_whiteouts),
		build_test(replaces_what_was_there),
		build_test(says_what_is_wrong_with_its_places),
		build_test(names_the_package_of_a_missing_mkfs),
		build_test(passes_on_the_complaint_of_mkfs_and_leaves_nothing),
	};

	if (process_run(probe, 0, NULL, NULL) < 0)
		return 77; /* Meson's code for a skipped test: no mkfs.erofs */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
