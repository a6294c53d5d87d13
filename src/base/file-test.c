/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

/* A directory of its own for each test. */
typedef struct Place {
	char *path;
	int fd;
} Place;

static Place place;

static int enter(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_done(file_temporary_directory("suture-file-test", &place.path, &error), &error);
	place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place.fd >= 0);
	return 0;
}

static int leave(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	(void)close(place.fd);
	assert_done(file_remove_tree(AT_FDCWD, place.path, &error), &error);
	assert_int_equal(access(place.path, F_OK), -1);
	free(place.path);
	return 0;
}

static void put(const char *name, const char *text)
{
	Error error = ERROR_INIT;

	assert_done(file_replace(place.fd, name, bytes_of_text(text), 0644, &error), &error);
}

static void assert_content(const char *name, const char *expected)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(file_read(place.fd, name, 1 << 20, &content, &error), &error);
	assert_int_equal(content.size, strlen(expected));
	assert_memory_equal(content.data, expected, content.size);
}

static bool exists(const char *name)
{
	return faccessat(place.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static size_t count_entries(int fd)
{
	CLEANUP(closedir) DIR *listing = fdopendir(dup(fd));
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(listing);
	rewinddir(listing);
	while ((entry = readdir(listing)))
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	return n;
}

static void reads_a_whole_file_behind_what_is_there(void **state)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	put("a", "hello");
	put("empty", "");
	assert_done(buffer_append(&content, "before:", 7, &error), &error);
	assert_done(file_read(place.fd, "a", 5, &content, &error), &error);
	assert_done(file_read(place.fd, "empty", 0, &content, &error), &error);
	assert_string_equal((const char *)content.data, "before:hello");
	assert_int_equal(content.size, 12);
	/* Files of the kernel claim to be empty. */
	assert_done(file_read(AT_FDCWD, "/proc/self/cmdline", 100000, &content, &error), &error);
	assert_true(content.size > 12);
}

static void says_that_a_file_is_absent(void **state)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(file_read(place.fd, "none", 5, &content, &error), FILE_ABSENT);
	assert_int_equal(file_read(place.fd, "no/directory", 5, &content, &error), FILE_ABSENT);
	assert_int_equal(symlinkat("none", place.fd, "dangling"), 0);
	assert_int_equal(file_read(place.fd, "dangling", 5, &content, &error), FILE_ABSENT);
}

static void reads_only_bounded_regular_files(void **state)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	put("a", "hello");
	assert_int_equal(mkfifoat(place.fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(place.fd, "directory", 0700), 0);
	assert_int_equal(symlinkat("loop", place.fd, "loop"), 0);
	assert_done(buffer_append(&content, "kept", 4, &error), &error);
	assert_fails(file_read(place.fd, "a", 4, &content, &error), &error, "a has 5 bytes, more than the 4");
	assert_fails(file_read(place.fd, "fifo", 9, &content, &error), &error, "fifo is not a regular file");
	assert_fails(file_read(place.fd, "directory", 9, &content, &error), &error, "is not a regular file");
	assert_fails(file_read(AT_FDCWD, "/dev/zero", 9, &content, &error), &error, "is not a regular file");
	assert_fails(file_read(place.fd, "loop", 9, &content, &error), &error, "cannot open loop");
	assert_fails(file_read(place.fd, "a/b", 9, &content, &error), &error, "cannot open a/b");
	/* Claims to be empty as well, and is larger than it may be. */
	assert_fails(
		file_read(AT_FDCWD, "/proc/self/status", 9, &content, &error), &error, "more than the 9");
	assert_string_equal((const char *)content.data, "kept");
	assert_int_equal(content.size, 4);
}

/* A child makes the file longer all the time. */
static void bounds_a_file_that_grows_meanwhile(void **state)
{
	pid_t child;
	int fd = openat(place.fd, "grows", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (int i = 0; i < 20000 && write(fd, "0123456789", 10) == 10; i++)
			;
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		CLEANUP_BUFFER Buffer content = BUFFER_INIT;
		int r = file_read(place.fd, "grows", 50000, &content, NULL);

		assert_true(r == 0 ? content.size <= 50000 : content.size == 0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(fd);
}

static void replaces_files_whole(void **state)
{
	mode_t old = umask(0777);
	struct stat status;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(file_replace(place.fd, "a", bytes_of_text("old"), 0640, &error), &error);
	assert_done(file_replace(place.fd, "a", bytes_of_text("new one"), 0604, &error), &error);
	(void)umask(old);
	assert_content("a", "new one");
	assert_int_equal(fstatat(place.fd, "a", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0604);
	assert_done(file_replace(place.fd, "a", (Bytes){NULL, 0}, 0600, &error), &error);
	assert_content("a", "");
	assert_int_equal(count_entries(place.fd), 1);
}

static void replaces_a_file_with_the_next_as_whole(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	put("a", "old");
	assert_done(file_replace_with_next(place.fd, "a", bytes_of_text("new"), 0644, &error), &error);
	assert_content("a", "new");
	assert_fails(file_replace_with_next(place.fd, "none/a", bytes_of_text("new"), 0644, &error), &error,
		"cannot create none/a");
}

static void replaces_a_symlink_and_not_its_target(void **state)
{
	struct stat status;

	(void)state;
	put("target", "untouched");
	assert_int_equal(symlinkat("target", place.fd, "link"), 0);
	put("link", "new");
	assert_content("target", "untouched");
	assert_content("link", "new");
	assert_int_equal(fstatat(place.fd, "link", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(status.st_mode));
}

static void replaces_below_directories_and_with_long_names(void **state)
{
	char name[256];
	Error error = ERROR_INIT;

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	put(name, "long");
	assert_content(name, "long");
	assert_done(file_make_directories(place.fd, "d/e", 0755, NULL, &error), &error);
	put("d/e/f", "deep");
	assert_content("d/e/f", "deep");
}

static void leaves_nothing_of_a_replacement_that_failed(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(mkdirat(place.fd, "directory", 0700), 0);
	assert_fails(file_replace(place.fd, "directory", bytes_of_text("x"), 0600, &error), &error,
		"cannot replace directory: Is a directory");
	assert_fails(file_replace(place.fd, "none/a", bytes_of_text("x"), 0600, &error), &error,
		"cannot create none/a");
	assert_int_equal(count_entries(place.fd), 1);
}

/* In a child with a mount namespace of its own: on a full file system, the old content stays. */
static int replace_on_a_full_disk(void)
{
	static uint8_t large[1 << 20];
	Error error = ERROR_INIT;
	Buffer content = BUFFER_INIT;
	int fd, r;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", place.path, "tmpfs", 0, "size=64k") < 0)
		return 77;
	fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || file_replace(fd, "a", bytes_of_text("old"), 0600, &error) < 0)
		return 1;
	r = file_replace(fd, "a", (Bytes){large, sizeof(large)}, 0600, &error);
	if (r != -1 || error.os_error != ENOSPC || !strstr(error.text, "cannot write a: No space left"))
		return 2;
	if (file_read(fd, "a", 100, &content, &error) != 0 || strcmp((char *)content.data, "old") != 0)
		return 3;
	return count_entries(fd) == 1 ? 0 : 4;
}

static void keeps_the_old_content_when_the_disk_is_full(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(replace_on_a_full_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void writes_and_syncs(void **state)
{
	CLEANUP_CLOSE int fd = openat(place.fd, "a", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CLEANUP_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	Error error = ERROR_INIT;

	(void)state;
	assert_done(file_write_all(fd, bytes_of_text("hello"), "a", &error), &error);
	assert_done(file_write_all(fd, (Bytes){NULL, 0}, "a", &error), &error);
	assert_done(file_sync(fd, "a", &error), &error);
	assert_done(file_sync_parent(place.fd, "a", &error), &error);
	assert_done(file_sync_parent(AT_FDCWD, place.path, &error), &error);
	assert_content("a", "hello");
	assert_fails(file_sync(-1, "a", &error), &error, "cannot make a durable");
	assert_fails(
		file_sync_parent(place.fd, "none/a", &error), &error, "cannot open the directory of none/a");
	assert_fails(
		file_write_all(full, bytes_of_text("x"), "it", &error), &error, "cannot write it: No space");
}

static void renames_and_removes(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	put("a", "hello");
	assert_int_equal(mkdirat(place.fd, "d", 0700), 0);
	assert_done(file_rename(place.fd, "a", "b", &error), &error);
	assert_done(file_rename(place.fd, "b", "d/c", &error), &error);
	assert_content("d/c", "hello");
	assert_false(exists("a") || exists("b"));
	assert_fails(file_rename(place.fd, "a", "b", &error), &error, "cannot rename a to b");
	assert_done(file_remove(place.fd, "d/c", &error), &error);
	assert_done(file_remove(place.fd, "d/c", &error), &error);
	assert_fails(file_remove(place.fd, "d", &error), &error, "cannot remove d");
}

static void makes_directories_once(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_CLOSE int again = -1;
	struct stat a, b;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(file_make_directories(place.fd, "a//b/c/", 0750, &fd, &error), &error);
	assert_done(file_make_directories(place.fd, "a/b/c", 0700, &again, &error), &error);
	assert_done(file_sync(fd, "c", &error), &error);
	assert_int_equal(fstat(fd, &a), 0);
	assert_int_equal(fstat(again, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_mode & 0777, 0750);
	put("file", "x");
	assert_fails(file_make_directories(place.fd, "file/b", 0700, NULL, &error), &error,
		"cannot open the directory file/b");
	assert_fails(file_make_directories(-1, "a", 0700, NULL, &error), &error, "directory above a");
}

static void removes_trees_without_following_links(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(mkdirat(place.fd, "outside", 0700), 0);
	put("outside/kept", "x");
	assert_done(file_make_directories(place.fd, "tree/a/b", 0700, NULL, &error), &error);
	put("tree/a/file", "x");
	assert_int_equal(symlinkat("../../outside", place.fd, "tree/a/link"), 0);
	assert_int_equal(symlinkat(place.path, place.fd, "tree/absolute"), 0);
	assert_int_equal(mkfifoat(place.fd, "tree/fifo", 0600), 0);
	assert_done(file_remove_tree(place.fd, "tree", &error), &error);
	assert_false(exists("tree"));
	assert_content("outside/kept", "x");
	assert_done(file_remove_tree(place.fd, "tree", &error), &error);
	assert_int_equal(symlinkat("outside", place.fd, "link"), 0);
	assert_done(file_remove_tree(place.fd, "link", &error), &error);
	assert_content("outside/kept", "x");
	assert_done(file_remove_tree(place.fd, "outside/kept", &error), &error);
	assert_false(exists("outside/kept"));
}

static void gives_up_on_trees_without_end(void **state)
{
	int fd = dup(place.fd);
	Error error = ERROR_INIT;

	(void)state;
	for (int depth = 0; depth < 300; depth++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		next = openat(fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	assert_fails(file_remove_tree(place.fd, "d", &error), &error, "in d: ");
	/* From further below it can be removed. */
	assert_done(file_remove_tree(place.fd,
			    "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/"
			    "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d",
			    &error),
		&error);
}

/* In a child: a bind mount has the same device number, and what it shows must survive. */
static int remove_around_a_mount(void)
{
	char from[512], to[512];
	Error error = ERROR_INIT;

	(void)snprintf(from, sizeof(from), "%s/precious", place.path);
	(void)snprintf(to, sizeof(to), "%s/tree/mounted", place.path);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(from, to, NULL, MS_BIND, NULL) < 0)
		return 77;
	/* The descriptor from before would still see the namespace that knows nothing of the mount. */
	place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file_remove_tree(place.fd, "tree", &error) != -1 ||
		!strstr(error.text, "something is mounted there"))
		return 1;
	if (!exists("precious/file"))
		return 2;
	if (file_remove_tree(AT_FDCWD, to, &error) != -1 || !exists("precious/file"))
		return 3;
	return 0;
}

static void never_removes_what_is_mounted(void **state)
{
	int status = -1;
	Error error = ERROR_INIT;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_done(file_make_directories(place.fd, "tree/mounted", 0700, NULL, &error), &error);
	assert_done(file_make_directories(place.fd, "precious", 0700, NULL, &error), &error);
	put("precious/file", "x");
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(remove_around_a_mount());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_content("precious/file", "x");
}

static void copies_bounded(void **state)
{
	CLEANUP_CLOSE int from = memfd_create("from", MFD_CLOEXEC);
	CLEANUP_CLOSE int to = memfd_create("to", MFD_CLOEXEC);
	Error error = ERROR_INIT;
	char got[16] = "";

	(void)state;
	assert_done(file_write_all(from, bytes_of_text("0123456789"), "from", &error), &error);
	assert_int_equal(lseek(from, 4, SEEK_SET), 4);
	assert_done(file_copy(from, to, 6, "it", &error), &error);
	assert_int_equal(pread(to, got, sizeof(got), 0), 6);
	assert_string_equal(got, "456789");
	assert_int_equal(lseek(from, 0, SEEK_SET), 0);
	assert_fails(file_copy(from, to, 9, "it", &error), &error, "it has more than the 9 bytes allowed");
	assert_fails(file_copy(-1, to, 9, "it", &error), &error, "cannot read it");
}

static void maps_only_bounded_regular_files(void **state)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	CLEANUP_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
	Error error = ERROR_INIT;

	(void)state;
	assert_done(file_map(fd, 0, "it", &map, &error), &error);
	assert_null(map.data);
	assert_done(file_write_all(fd, bytes_of_text("hello"), "it", &error), &error);
	assert_fails(file_map(fd, 4, "it", &map, &error), &error, "it has 5 bytes, more than the 4 allowed");
	assert_fails(file_map(place.fd, 9, "it", &map, &error), &error, "it is not a regular file");
	assert_fails(file_map(-1, 9, "it", &map, &error), &error, "cannot examine it");
	assert_done(file_map(fd, 5, "it", &map, &error), &error);
	assert_int_equal(map.size, 5);
	assert_memory_equal(map.data, "hello", 5);
	file_unmap(&map);
	assert_null(map.data);
	assert_int_equal(map.size, 0);
}

static void makes_private_temporary_directories(void **state)
{
	CLEANUP_FREE char *path = NULL;
	struct stat status;
	Error error = ERROR_INIT;
	char *old = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;

	(void)state;
	assert_int_equal(setenv("TMPDIR", place.path, 1), 0);
	assert_done(file_temporary_directory("x", &path, &error), &error);
	assert_memory_equal(path, place.path, strlen(place.path));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
	assert_fails(
		file_temporary_directory("x", &path, &error), &error, "cannot make the temporary directory");
	assert_int_equal(old ? setenv("TMPDIR", old, 1) : unsetenv("TMPDIR"), 0);
	free(old);
}

/* Renames without end, as a package manager does next to us. */
static pid_t start_renaming(void)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	for (;;)
		if (renameat(place.fd, "one", place.fd, "two") < 0 ||
			renameat(place.fd, "two", place.fd, "one") < 0)
			_exit(1);
}

/* The kernel gives up at each ".." while anything is renamed anywhere. */
static void opens_below_a_root_while_others_rename(void **state)
{
	pid_t renaming;
	int fd = 0;

	(void)state;
	put("one", "1");
	put("target", "2");
	assert_int_equal(mkdirat(place.fd, "directory", 0755), 0);
	assert_int_equal(symlinkat("../target", place.fd, "directory/link"), 0);
	renaming = start_renaming();
	for (int i = 0; i < 200000 && fd >= 0; i++) {
		fd = file_open_in_root(place.fd, "directory/link", O_RDONLY);
		if (fd >= 0)
			(void)close(fd);
	}
	assert_int_equal(waitpid(renaming, NULL, WNOHANG), 0);
	assert_int_equal(kill(renaming, SIGKILL), 0);
	assert_int_equal(waitpid(renaming, NULL, 0), renaming);
	assert_true(fd >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_a_whole_file_behind_what_is_there),
		TEST(says_that_a_file_is_absent),
		TEST(reads_only_bounded_regular_files),
		TEST(bounds_a_file_that_grows_meanwhile),
		TEST(replaces_files_whole),
		TEST(replaces_a_file_with_the_next_as_whole),
		TEST(replaces_a_symlink_and_not_its_target),
		TEST(replaces_below_directories_and_with_long_names),
		TEST(leaves_nothing_of_a_replacement_that_failed),
		TEST(keeps_the_old_content_when_the_disk_is_full),
		TEST(writes_and_syncs),
		TEST(renames_and_removes),
		TEST(makes_directories_once),
		TEST(removes_trees_without_following_links),
		TEST(gives_up_on_trees_without_end),
		TEST(never_removes_what_is_mounted),
		TEST(copies_bounded),
		TEST(maps_only_bounded_regular_files),
		TEST(makes_private_temporary_directories),
		TEST(opens_below_a_root_while_others_rename),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
