/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/publisher/package/package.h"

typedef struct Fixture {
	char root[32];
	int fd;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));
	Error error = ERROR_INIT;

	assert_non_null(fixture);
	*fixture = (Fixture){.root = "/tmp/suture-tree-XXXXXX"};
	assert_non_null(mkdtemp(fixture->root));
	fixture->fd = open(fixture->root, O_RDONLY | O_DIRECTORY);
	assert_done(file_make_directories(fixture->fd, "usr/lib", 0755, NULL, &error), &error);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	close(fixture->fd);
	assert_done(file_remove_tree(AT_FDCWD, fixture->root, &error), &error);
	free(fixture);
	return 0;
}

static void write_file(Fixture *fixture, const char *path, const char *content)
{
	Error error = ERROR_INIT;

	assert_done(file_replace(fixture->fd, path, bytes_of_text(content), 0640, &error), &error);
}

static int read_tree(Fixture *fixture, PackageSet **ret, Error *error)
{
	const char *word = fixture->root;

	return package_set_read(&word, 1, ret, error);
}

static void reads_files_links_and_directories(void **state)
{
	CLEANUP(package_set_free) PackageSet *set = NULL;
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	const PackageEntry *entry;

	write_file(fixture, "usr/lib/file", "content");
	assert_int_equal(symlinkat("/nowhere/at/all", fixture->fd, "usr/lib/link"), 0);
	assert_done(read_tree(fixture, &set, &error), &error);
	assert_int_equal(set->n_entries, 3);
	entry = package_find(set, "usr/lib/file");
	assert_non_null(entry);
	assert_int_equal(entry->mode, 0640);
	assert_int_equal(entry->uid, geteuid());
	assert_true(bytes_equal(package_content(set, entry), bytes_of_text("content")));
	assert_string_equal(package_find(set, "usr/lib/link")->target, "/nowhere/at/all");
	assert_int_equal(package_find(set, "usr/lib")->type, PACKAGE_DIRECTORY);
	assert_true(set->newest > 0);
}

static void hard_links_share_their_content(void **state)
{
	CLEANUP(package_set_free) PackageSet *set = NULL;
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	write_file(fixture, "usr/lib/b", "content");
	assert_int_equal(linkat(fixture->fd, "usr/lib/b", fixture->fd, "usr/lib/a", 0), 0);
	assert_int_equal(linkat(fixture->fd, "usr/lib/b", fixture->fd, "usr/lib/c", 0), 0);
	assert_done(read_tree(fixture, &set, &error), &error);
	assert_int_equal(set->spool.size, 7);
	assert_int_equal(package_find(set, "usr/lib/a")->offset, package_find(set, "usr/lib/c")->offset);
	assert_int_equal(package_find(set, "usr/lib/c")->size, 7);
}

static void leaves_alone_what_is_not_the_os(void **state)
{
	CLEANUP(package_set_free) PackageSet *set = NULL;
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	assert_done(file_make_directories(fixture->fd, "home/me", 0755, NULL, &error), &error);
	write_file(fixture, "home/me/secret", "x");
	assert_done(file_make_directories(fixture->fd, "lib/modules", 0755, NULL, &error), &error);
	write_file(fixture, "lib/modules/module", "x");
	assert_int_equal(symlinkat("usr/lib", fixture->fd, "lib64"), 0);
	assert_done(read_tree(fixture, &set, &error), &error);
	assert_null(package_find(set, "home/me/secret"));
	assert_non_null(package_find(set, "usr/lib/modules/module"));
}

static void refuses_pipes_and_trees_without_usr(void **state)
{
	PackageSet *set = NULL;
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	assert_int_equal(mkfifoat(fixture->fd, "usr/lib/pipe", 0600), 0);
	assert_fails(read_tree(fixture, &set, &error), &error, "usr/lib/pipe is a device, FIFO or socket");
	assert_done(file_remove_tree(fixture->fd, "usr", &error), &error);
	assert_fails(read_tree(fixture, &set, &error), &error, "has no directory usr");
	assert_null(set);
}

static void refuses_two_names_for_one_place(void **state)
{
	PackageSet *set = NULL;
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	assert_done(file_make_directories(fixture->fd, "lib", 0755, NULL, &error), &error);
	write_file(fixture, "usr/lib/file", "one");
	write_file(fixture, "lib/file", "two");
	assert_fails(read_tree(fixture, &set, &error), &error, "usr/lib/file is there twice");
}

static void keeps_the_attributes_that_mean_something_elsewhere(void **state)
{
	CLEANUP(package_set_free) PackageSet *set = NULL;
	Fixture *fixture = *state;
	CLEANUP_FREE char *path = NULL;
	Error error = ERROR_INIT;
	const PackageEntry *entry;

	write_file(fixture, "usr/lib/file", "content");
	assert_done(text_format(&path, &error, "%s/usr/lib/file", fixture->root), &error);
	if (setxattr(path, "user.note", "x", 1, 0) < 0)
		skip();
	assert_done(read_tree(fixture, &set, &error), &error);
	entry = package_find(set, "usr/lib/file");
	assert_int_equal(entry->n_attributes, 1);
	assert_string_equal(entry->attributes[0].name, "user.note");
	set = package_set_free(set);
	assert_int_equal(setxattr(path, "user.overlay.redirect", "/", 1, 0), 0);
	assert_fails(read_tree(fixture, &set, &error), &error, "would steer the overlay");
}

#define tree_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tree_test(reads_files_links_and_directories),
		tree_test(hard_links_share_their_content),
		tree_test(leaves_alone_what_is_not_the_os),
		tree_test(refuses_pipes_and_trees_without_usr),
		tree_test(refuses_two_names_for_one_place),
		tree_test(keeps_the_attributes_that_mean_something_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
