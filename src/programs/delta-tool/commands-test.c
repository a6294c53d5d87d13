/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/delta-tool/commands.h"

/* Every test works in a directory of its own, which is the current one. */
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

static int run(int (*command)(void *, const OptionList *, Error *), const char *a, const char *b,
	const char *c, Error *error)
{
	DeltaToolSettings settings = {.quiet = true};
	const char *words[] = {a, b, c};
	const OptionList operands = {words, 3};

	return command(&settings, &operands, error);
}

static void write_text(const char *name, const char *text, mode_t mode)
{
	Error error = ERROR_INIT;

	assert_done(file_replace(AT_FDCWD, name, bytes_of_text(text), mode, &error), &error);
}

static void expect_text(const char *name, const char *text)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(file_read(AT_FDCWD, name, 1000000, &content, &error), &error);
	assert_string_equal((const char *)content.data, text);
}

static void expect_mode(const char *name, mode_t mode)
{
	struct stat status;

	assert_int_equal(lstat(name, &status), 0);
	assert_int_equal(status.st_mode & 07777, mode);
}

/* Nothing but these names is in the current directory: above all no temporary file. */
static void expect_only(const char *const *names, size_t n)
{
	CLEANUP(closedir) DIR *listing = opendir(".");
	struct dirent *entry;

	assert_non_null(listing);
	while ((entry = readdir(listing))) {
		bool known = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;

		for (size_t i = 0; i < n && !known; i++)
			known = strcmp(entry->d_name, names[i]) == 0;
		if (!known)
			fail_msg("%s was left behind", entry->d_name);
	}
}

static const char old_words[] = "one two three four five six seven eight nine ten eleven twelve\n";
static const char new_words[] = "one two three four five 6 seven eight nine ten eleven twelve thirteen\n";

static void a_file_is_made_again_with_the_permissions_of_the_old_one(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	write_text("old", old_words, 0750);
	write_text("new", new_words, 0644);
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_done(run(command_apply, "old", "patch", "made", &error), &error);
	expect_text("made", new_words);
	expect_mode("made", 0750);
	expect_only((const char *const[]){"old", "new", "patch", "made"}, 4);
}

static void an_existing_file_is_replaced_only_when_all_is_verified(void **state)
{
	static const char *const names[] = {"old", "new", "patch", "other"};
	Error error = ERROR_INIT;
	CLEANUP_BUFFER Buffer patch = BUFFER_INIT;

	(void)state;
	write_text("old", old_words, 0644);
	write_text("new", new_words, 0644);
	write_text("other", "keep me", 0644);
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_done(file_read(AT_FDCWD, "patch", 10000, &patch, &error), &error);
	patch.data[patch.size - 1] ^= 1;
	assert_done(file_replace(AT_FDCWD, "patch", buffer_bytes(&patch), 0644, &error), &error);
	assert_int_equal(run(command_apply, "old", "patch", "other", &error), -1);
	expect_text("other", "keep me");
	expect_only(names, 4);
	patch.data[patch.size - 1] ^= 1;
	assert_done(file_replace(AT_FDCWD, "patch", buffer_bytes(&patch), 0644, &error), &error);
	assert_done(run(command_apply, "old", "patch", "other", &error), &error);
	expect_text("other", new_words);
	expect_only(names, 4);
}

static void the_old_file_may_be_replaced_by_the_new_one(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	write_text("old", old_words, 0644);
	write_text("new", new_words, 0644);
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_done(run(command_apply, "old", "patch", "old", &error), &error);
	expect_text("old", new_words);
}

static void another_base_is_called_by_its_name(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	write_text("old", old_words, 0644);
	write_text("new", new_words, 0644);
	assert_int_equal(mkdir("directory", 0755), 0);
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_fails(run(command_apply, "new", "patch", "made", &error), &error,
		"new is not the file this patch was made for");
	assert_fails(run(command_apply, "directory", "patch", "made", &error), &error,
		"directory is a directory, and this patch was made for a file");
	assert_fails(run(command_apply, "old", "patch", "directory", &error), &error, "is a directory");
	assert_fails(run(command_apply, "old", "new", "made", &error), &error, "new: this is not a delta");
	assert_fails(run(command_apply, "absent", "patch", "made", &error), &error, "absent");
	expect_only((const char *const[]){"old", "new", "patch", "directory"}, 4);
}

static void make_trees(void)
{
	CLEANUP_FREE char *long_name = NULL;
	char name[201];

	memset(name, 'l', 200);
	name[200] = '\0';
	assert_int_equal(text_format(&long_name, NULL, "new/%s", name), 0);
	assert_int_equal(mkdir("old", 0755), 0);
	assert_int_equal(mkdir("new", 0755), 0);
	assert_int_equal(mkdir("old/bin", 0755), 0);
	assert_int_equal(mkdir("new/bin", 0755), 0);
	write_text("old/bin/tool", old_words, 0755);
	write_text("new/bin/tool", new_words, 0755);
	write_text("new/bin/empty", "", 0600);
	write_text("new/\xc3\xbc \xff", "a name that is no text", 0644);
	write_text(long_name, "a name that is long", 0444);
	assert_int_equal(symlink("../../../etc/passwd", "new/bin/link"), 0);
	assert_int_equal(chmod("new/bin", 0555), 0);
}

static void a_tree_is_made_again(void **state)
{
	Error error = ERROR_INIT;
	char target[100];
	char name[220] = "made/";

	(void)state;
	make_trees();
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_done(run(command_apply, "old", "patch", "made/", &error), &error);
	expect_text("made/bin/tool", new_words);
	expect_mode("made/bin/tool", 0755);
	expect_text("made/bin/empty", "");
	expect_mode("made/bin/empty", 0600);
	expect_text("made/\xc3\xbc \xff", "a name that is no text");
	memset(name + 5, 'l', 200);
	expect_text(name, "a name that is long");
	expect_mode("made/bin", 0555);
	assert_int_equal(readlink("made/bin/link", target, sizeof(target)), 19);
	expect_only((const char *const[]){"old", "new", "patch", "made"}, 4);
	assert_int_equal(chmod("new/bin", 0755), 0);
	assert_int_equal(chmod("made/bin", 0755), 0);
}

static void the_same_trees_give_the_same_patch(void **state)
{
	CLEANUP_BUFFER Buffer first = BUFFER_INIT;
	CLEANUP_BUFFER Buffer second = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	make_trees();
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_done(file_read(AT_FDCWD, "patch", 100000, &first, &error), &error);
	assert_int_equal(utimensat(AT_FDCWD, "new/bin/tool", NULL, 0), 0);
	assert_done(run(command_diff, "old/", "new/", "patch", &error), &error);
	assert_done(file_read(AT_FDCWD, "patch", 100000, &second, &error), &error);
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
	assert_int_equal(chmod("new/bin", 0755), 0);
}

static void a_tree_never_takes_the_place_of_anything(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	make_trees();
	write_text("file", "keep me", 0644);
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_fails(run(command_apply, "old", "patch", "new", &error), &error, "new exists already");
	assert_fails(run(command_apply, "old", "patch", "file", &error), &error, "file exists already");
	assert_fails(run(command_apply, "old", "patch", "link", &error), &error, "link exists already");
	assert_int_equal(unlink("old/bin/tool"), 0);
	assert_fails(run(command_apply, "old", "patch", "made", &error), &error,
		"old is not the tree this patch was made for");
	write_text("old/bin/tool", new_words, 0755);
	assert_fails(run(command_apply, "old", "patch", "made", &error), &error,
		"old/bin/tool is not the file this patch was made for");
	expect_only((const char *const[]){"old", "new", "patch", "file", "link"}, 5);
	assert_int_equal(chmod("new/bin", 0755), 0);
}

static void what_a_tree_cannot_hold_is_refused(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(mkdir("old", 0755), 0);
	assert_int_equal(mkdir("new", 0755), 0);
	assert_int_equal(mkfifo("old/pipe", 0644), 0);
	assert_done(run(command_diff, "old", "new", "patch", &error), &error);
	assert_int_equal(mkfifo("new/pipe", 0644), 0);
	assert_fails(run(command_diff, "old", "new", "patch2", &error), &error,
		"pipe is not a file, directory or symlink");
	assert_int_equal(unlink("new/pipe"), 0);
	write_text("new/two\nlines", "", 0644);
	assert_fails(run(command_diff, "old", "new", "patch2", &error), &error, "not a safe relative path");
	expect_only((const char *const[]){"old", "new", "patch"}, 3);
}

static void a_file_can_be_made_from_a_tree(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	make_trees();
	assert_done(run(command_diff, "old", "new/bin/tool", "patch", &error), &error);
	assert_done(run(command_apply, "old", "patch", "made", &error), &error);
	expect_text("made", new_words);
	assert_int_equal(chmod("new/bin", 0755), 0);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(a_file_is_made_again_with_the_permissions_of_the_old_one),
		IN_A_PLACE(an_existing_file_is_replaced_only_when_all_is_verified),
		IN_A_PLACE(the_old_file_may_be_replaced_by_the_new_one),
		IN_A_PLACE(another_base_is_called_by_its_name),
		IN_A_PLACE(a_tree_is_made_again),
		IN_A_PLACE(the_same_trees_give_the_same_patch),
		IN_A_PLACE(a_tree_never_takes_the_place_of_anything),
		IN_A_PLACE(what_a_tree_cannot_hold_is_refused),
		IN_A_PLACE(a_file_can_be_made_from_a_tree),
	};

	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
