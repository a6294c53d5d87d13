/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "programs/delta-tool/tree-unpack.h"

/* Archives that a patch's author might write, unpacked into a directory that must stay as it was. */

typedef struct Planted {
	const char *name;
	mode_t mode;
	const char *content; /* of a file, or a symlink's target */
} Planted;

static char *place;

static int enter(void **state)
{
	(void)state;
	return file_temporary_directory("suture-delta-test", &place, NULL) < 0 || chdir(place) < 0 ? -1 : 0;
}

static int leave(void **state)
{
	int result;

	(void)state;
	result = chdir("/") < 0 ? -1 : file_remove_tree(AT_FDCWD, place, NULL);
	free(place);
	place = NULL;
	return result;
}

static la_ssize_t gather(struct archive *archive, void *userdata, const void *data, size_t size)
{
	(void)archive;
	return buffer_append(userdata, data, size, NULL) < 0 ? -1 : (la_ssize_t)size;
}

static void plant(struct archive *archive, const Planted *planted)
{
	struct archive_entry *entry = archive_entry_new();
	size_t size = S_ISREG(planted->mode) ? strlen(planted->content) : 0;

	archive_entry_set_pathname(entry, planted->name);
	archive_entry_set_filetype(entry, planted->mode & S_IFMT);
	archive_entry_set_perm(entry, planted->mode & 07777);
	archive_entry_set_size(entry, (int64_t)size);
	if (S_ISLNK(planted->mode))
		archive_entry_set_symlink(entry, planted->content);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, planted->content, size), size);
	archive_entry_free(entry);
}

static void make_archive(const Planted *planted, size_t n, Buffer *ret)
{
	struct archive *archive = archive_write_new();

	assert_int_equal(archive_write_set_format_pax_restricted(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open(archive, ret, NULL, gather, NULL), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++)
		plant(archive, &planted[i]);
	assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

static void expect_refusal(const Planted *planted, size_t n, const char *sentence)
{
	CLEANUP_BUFFER Buffer archive = BUFFER_INIT;
	CLEANUP(closedir) DIR *listing = NULL;
	Error error = ERROR_INIT;
	struct dirent *entry;

	make_archive(planted, n, &archive);
	assert_fails(tree_unpack(buffer_bytes(&archive), "made", &error), &error, sentence);
	listing = opendir(".");
	assert_non_null(listing);
	while ((entry = readdir(listing)))
		assert_true(entry->d_name[0] == '.' && strlen(entry->d_name) <= 2);
}

static void nothing_is_written_outside(void **state)
{
	static const char *const names[] = {"../evil", "/tmp/evil", "a/../../evil", ".", "a//b", "./a"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const Planted planted = {names[i], S_IFREG | 0644, "evil"};

		expect_refusal(&planted, 1, "not a safe relative path");
	}
}

static void nothing_is_written_through_a_symlink(void **state)
{
	static const Planted directory[] = {
		{"a", S_IFLNK | 0777, ".."},
		{"a/evil", S_IFREG | 0644, "evil"},
	};
	static const Planted file[] = {
		{"a", S_IFLNK | 0777, "../evil"},
		{"a", S_IFREG | 0644, "evil"},
	};
	static const Planted deep[] = {
		{"a", S_IFDIR | 0755, ""},
		{"a/b", S_IFLNK | 0777, "../.."},
		{"a/b/c", S_IFDIR | 0755, ""},
	};

	(void)state;
	expect_refusal(directory, 2, "cannot open the directory of a/evil");
	expect_refusal(file, 2, "cannot create a");
	expect_refusal(deep, 3, "cannot open the directory of a/b/c");
}

static void nothing_is_written_twice(void **state)
{
	static const Planted planted[] = {
		{"a", S_IFREG | 0644, "first"},
		{"a", S_IFREG | 0644, "second"},
	};

	(void)state;
	expect_refusal(planted, 2, "cannot create a: File exists");
}

static void devices_and_pipes_are_refused(void **state)
{
	static const Planted pipe_entry = {"pipe", S_IFIFO | 0644, ""};
	static const Planted device = {"device", S_IFCHR | 0666, ""};

	(void)state;
	expect_refusal(&pipe_entry, 1, "not a file, directory or symlink");
	expect_refusal(&device, 1, "not a file, directory or symlink");
}

static void set_id_bits_are_dropped(void **state)
{
	static const Planted planted = {"tool", S_IFREG | 06755, "x"};
	CLEANUP_BUFFER Buffer archive = BUFFER_INIT;
	Error error = ERROR_INIT;
	struct stat status;

	(void)state;
	make_archive(&planted, 1, &archive);
	assert_done(tree_unpack(buffer_bytes(&archive), "made", &error), &error);
	assert_int_equal(stat("made/tool", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
}

/* A tar header's checksum, so that a changed field is believed. */
static void seal(uint8_t *header)
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += header[i];
	(void)snprintf((char *)header + 148, 8, "%06o", sum);
}

static void a_claimed_size_is_not_believed(void **state)
{
	static const Planted planted = {"large", S_IFREG | 0644, "x"};
	CLEANUP_BUFFER Buffer archive = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	make_archive(&planted, 1, &archive);
	memcpy(archive.data + 124, "77777777777", 11);
	seal(archive.data);
	assert_fails(tree_unpack(buffer_bytes(&archive), "made", &error), &error, "large");
	assert_int_equal(access("made", F_OK), -1);
}

static void damaged_archives_leave_nothing(void **state)
{
	static const Planted planted[] = {
		{"a", S_IFDIR | 0755, ""},
		{"a/b", S_IFREG | 0644, "some content"},
	};
	CLEANUP_BUFFER Buffer archive = BUFFER_INIT;

	(void)state;
	make_archive(planted, 2, &archive);
	for (size_t i = 0; i < 1536; i += 7) {
		archive.data[i] ^= 0x41;
		if (tree_unpack(buffer_bytes(&archive), "made", NULL) == 0)
			assert_int_equal(file_remove_tree(AT_FDCWD, "made", NULL), 0);
		assert_int_equal(access("made", F_OK), -1);
		archive.data[i] ^= 0x41;
	}
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(nothing_is_written_outside),
		IN_A_PLACE(nothing_is_written_through_a_symlink),
		IN_A_PLACE(nothing_is_written_twice),
		IN_A_PLACE(devices_and_pipes_are_refused),
		IN_A_PLACE(set_id_bits_are_dropped),
		IN_A_PLACE(a_claimed_size_is_not_believed),
		IN_A_PLACE(damaged_archives_leave_nothing),
	};

	return cmocka_run_group_tests_name("tree-unpack", tests, NULL, NULL);
}
