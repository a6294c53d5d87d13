/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/manifest/base-check.h"

/* A root with usr/lib/liba and usr/lib/libb, and a manifest that was made for it and adds usr/lib/new. */
typedef struct Fixture {
	char root[32];
	int root_fd, usr;
	Manifest manifest;
	ManifestBaseFile base[2];
	ManifestFile files[1];
	char component[4], version[4], a[16], b[16], added[16];
} Fixture;

static void write_file(Fixture *fixture, const char *path, const char *content)
{
	Error error = ERROR_INIT;

	assert_done(file_replace(fixture->root_fd, path, bytes_of_text(content), 0644, &error), &error);
}

static int set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));
	Error error = ERROR_INIT;

	assert_non_null(fixture);
	*fixture = (Fixture){.root = "/tmp/suture-base-XXXXXX",
		.component = "lib",
		.version = "1.0",
		.a = "usr/lib/liba",
		.b = "usr/lib/libb",
		.added = "usr/lib/new"};
	assert_non_null(mkdtemp(fixture->root));
	fixture->root_fd = open(fixture->root, O_PATH | O_DIRECTORY);
	assert_done(file_make_directories(fixture->root_fd, "usr/lib", 0755, NULL, &error), &error);
	fixture->usr = openat(fixture->root_fd, "usr", O_PATH | O_DIRECTORY);
	write_file(fixture, "usr/lib/liba", "first");
	write_file(fixture, "usr/lib/libb", "second");
	fixture->base[0] = (ManifestBaseFile){.path = fixture->a, .size = 5};
	fixture->base[1] = (ManifestBaseFile){.path = fixture->b, .size = 6};
	assert_done(hash_bytes(bytes_of_text("first"), &fixture->base[0].digest, &error), &error);
	assert_done(hash_bytes(bytes_of_text("second"), &fixture->base[1].digest, &error), &error);
	fixture->files[0] = (ManifestFile){.path = fixture->added, .type = MANIFEST_REGULAR, .mode = 0644};
	fixture->manifest = (Manifest){.component = fixture->component,
		.base_version = fixture->version,
		.base_files = fixture->base,
		.n_base_files = 2,
		.files = fixture->files,
		.n_files = 1};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	close(fixture->usr);
	close(fixture->root_fd);
	assert_done(file_remove_tree(AT_FDCWD, fixture->root, &error), &error);
	free(fixture);
	return 0;
}

static void assert_differs(Fixture *fixture, const char *sentence)
{
	Error error = ERROR_INIT;

	assert_int_equal(base_check(&fixture->manifest, fixture->usr, &error), BASE_DIFFERS);
	assert_string_equal(error.text, sentence);
}

static void accepts_the_base_it_was_made_for(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	assert_done(base_check(&fixture->manifest, fixture->usr, &error), &error);
}

static void names_the_file_whose_bytes_differ(void **state)
{
	Fixture *fixture = *state;

	write_file(fixture, "usr/lib/libb", "Second");
	assert_differs(fixture,
		"usr/lib/libb is not the file this improvement was made for (lib 1.0): its bytes differ");
	write_file(fixture, "usr/lib/libb", "second, and more");
	assert_differs(fixture,
		"usr/lib/libb is not the file this improvement was made for (lib 1.0): its size differs");
}

static void a_missing_file_is_another_version(void **state)
{
	Fixture *fixture = *state;

	assert_int_equal(unlinkat(fixture->usr, "lib/libb", 0), 0);
	assert_differs(fixture,
		"usr/lib/libb is not the file this improvement was made for (lib 1.0): it is missing");
}

static void without_any_file_the_component_is_not_installed(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	assert_int_equal(unlinkat(fixture->usr, "lib/liba", 0), 0);
	assert_int_equal(unlinkat(fixture->usr, "lib/libb", 0), 0);
	assert_int_equal(base_check(&fixture->manifest, fixture->usr, &error), BASE_ABSENT);
	assert_string_equal(error.text, "lib is not installed");
}

static void what_is_no_regular_file_is_never_opened(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	int fd = -1;

	assert_int_equal(unlinkat(fixture->usr, "lib/libb", 0), 0);
	/* Opening a FIFO for reading would wait for a writer. */
	assert_int_equal(mkfifoat(fixture->usr, "lib/libb", 0600), 0);
	assert_differs(fixture,
		"usr/lib/libb is not the file this improvement was made for (lib 1.0): it is not a regular "
		"file");
	assert_fails(base_open_file(fixture->usr, "usr/lib/libb", &fd, &error), &error, "not a regular file");
	assert_int_equal(fd, -1);
}

static void follows_no_symlink_to_a_file(void **state)
{
	Fixture *fixture = *state;

	write_file(fixture, "usr/lib/elsewhere", "second");
	assert_int_equal(unlinkat(fixture->usr, "lib/libb", 0), 0);
	assert_int_equal(symlinkat("elsewhere", fixture->usr, "lib/libb"), 0);
	assert_differs(fixture,
		"usr/lib/libb is not the file this improvement was made for (lib 1.0): it is not a regular "
		"file");
}

static void follows_no_symlink_on_the_way(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	int fd = -1;

	assert_int_equal(renameat(fixture->usr, "lib", fixture->root_fd, "outside"), 0);
	assert_int_equal(symlinkat("../outside", fixture->usr, "lib"), 0);
	assert_int_equal(base_check(&fixture->manifest, fixture->usr, &error), BASE_ABSENT);
	assert_int_equal(base_open_file(fixture->usr, "usr/lib/liba", &fd, &error), -1);
}

static void never_leaves_usr(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	int fd = -1;

	write_file(fixture, "secret", "x");
	assert_fails(base_open_file(fixture->usr, "usr/../secret", &fd, &error), &error, "not a safe");
	assert_fails(base_open_file(fixture->usr, "/etc/passwd", &fd, &error), &error, "not a safe");
	assert_fails(base_open_file(fixture->usr, "etc/passwd", &fd, &error), &error, "not below usr/");
}

static void the_place_of_an_added_file_must_be_free(void **state)
{
	Fixture *fixture = *state;

	write_file(fixture, "usr/lib/new", "not ours");
	assert_differs(fixture, "usr/lib/new stands where the improvement for lib 1.0 adds one");
}

static void a_symlink_of_the_base_may_be_replaced(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	assert_int_equal(symlinkat("liba", fixture->usr, "lib/new"), 0);
	assert_done(base_check(&fixture->manifest, fixture->usr, &error), &error);
}

static void opens_the_very_bytes(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	char bytes[8] = "";
	int fd = -1;

	assert_done(base_open_file(fixture->usr, "usr/lib/liba", &fd, &error), &error);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 5);
	assert_string_equal(bytes, "first");
	close(fd);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(accepts_the_base_it_was_made_for),
		fixture_test(names_the_file_whose_bytes_differ),
		fixture_test(a_missing_file_is_another_version),
		fixture_test(without_any_file_the_component_is_not_installed),
		fixture_test(what_is_no_regular_file_is_never_opened),
		fixture_test(follows_no_symlink_to_a_file),
		fixture_test(follows_no_symlink_on_the_way),
		fixture_test(never_leaves_usr),
		fixture_test(the_place_of_an_added_file_must_be_free),
		fixture_test(a_symlink_of_the_base_may_be_replaced),
		fixture_test(opens_the_very_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
