/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/publisher/package/package.h"

/* What one test puts into a package; zeroed members of the array end it. */
typedef struct Item {
	const char *path;
	mode_t type; /* 0: regular */
	const char *content;
	const char *target; /* symlink or, with type 0, hard link */
	uint64_t repeat;    /* how often content is there; 0: once */
	const char *attribute;
} Item;

static const char good_control[] = "Package: foo\nVersion: 1.0-1\nArchitecture: amd64\n";

static char directory[] = "/tmp/suture-deb-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, directory, NULL);
}

/* libarchive's memory writer needs the size beforehand; a file does not. */
static void read_back(const char *name, Buffer *ret)
{
	Error error = ERROR_INIT;

	assert_done(file_read(AT_FDCWD, name, 1 << 26, ret, &error), &error);
	assert_int_equal(unlink(name), 0);
}

static void write_item(struct archive *tar, const Item *item)
{
	struct archive_entry *entry = archive_entry_new();
	size_t length = item->content ? strlen(item->content) : 0;
	uint64_t repeat = item->repeat ? item->repeat : 1;

	archive_entry_set_pathname(entry, item->path);
	archive_entry_set_filetype(entry, item->type ? item->type : AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, 1700000000, 0);
	archive_entry_set_size(entry, (la_int64_t)(length * repeat));
	if (item->target && item->type == AE_IFLNK)
		archive_entry_set_symlink(entry, item->target);
	else if (item->target)
		archive_entry_set_hardlink(entry, item->target);
	if (item->attribute)
		archive_entry_xattr_add_entry(entry, item->attribute, "x", 1);
	assert_true(archive_write_header(tar, entry) >= ARCHIVE_WARN);
	for (uint64_t i = 0; length > 0 && i < repeat; i++)
		assert_int_equal(archive_write_data(tar, item->content, length), length);
	archive_entry_free(entry);
}

static void make_tar(const Item *items, Buffer *ret)
{
	struct archive *tar = archive_write_new();
	char name[64];

	(void)snprintf(name, sizeof(name), "%s/part.tar", directory);
	archive_write_set_format_pax_restricted(tar);
	archive_write_add_filter_gzip(tar);
	assert_int_equal(archive_write_open_filename(tar, name), ARCHIVE_OK);
	for (; items->path; items++)
		write_item(tar, items);
	assert_int_equal(archive_write_free(tar), ARCHIVE_OK);
	read_back(name, ret);
}

static void write_member(struct archive *ar, const char *name, Bytes content)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)content.size);
	assert_int_equal(archive_write_header(ar, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(ar, content.data, content.size), content.size);
	archive_entry_free(entry);
}

/* Writes DIRECTORY/test.deb; a NULL part is left out. */
static void make_deb(const char *format, const char *control, const Item *items, char path[static 64])
{
	CLEANUP_BUFFER Buffer control_tar = BUFFER_INIT, data_tar = BUFFER_INIT;
	struct archive *ar = archive_write_new();
	const Item control_items[] = {{"./control", 0, control}, {"./postinst", 0, "#!/bin/sh\n"}, {NULL}};

	if (control)
		make_tar(control_items, &control_tar);
	if (items)
		make_tar(items, &data_tar);
	(void)snprintf(path, 64, "%s/test.deb", directory);
	archive_write_set_format_ar_bsd(ar);
	assert_int_equal(archive_write_open_filename(ar, path), ARCHIVE_OK);
	write_member(ar, "debian-binary", bytes_of_text(format));
	if (control)
		write_member(ar, "control.tar.gz", buffer_bytes(&control_tar));
	if (items)
		write_member(ar, "data.tar.gz", buffer_bytes(&data_tar));
	assert_int_equal(archive_write_free(ar), ARCHIVE_OK);
}

static int read_deb(const Item *items, PackageSet **ret, Error *error)
{
	char path[64];
	const char *word = path;

	make_deb("2.0\n", good_control, items, path);
	return package_set_read(&word, 1, ret, error);
}

static void assert_refused(const Item *items, const char *sentence)
{
	PackageSet *set = NULL;
	Error error = ERROR_INIT;

	assert_fails(read_deb(items, &set, &error), &error, sentence);
	assert_non_null(strstr(error.text, "test.deb: "));
	assert_null(set);
}

static void reads_a_package(void **state)
{
	const Item items[] = {{"./", AE_IFDIR}, {"./lib/", AE_IFDIR}, {"./lib/libfoo.so.1", 0, "content"},
		{"./lib/libfoo.so", AE_IFLNK, NULL, "libfoo.so.1"},
		{"./usr/lib/other", 0, NULL, "./lib/libfoo.so.1"}, {"./usr/share/empty", 0, ""},
		{"./usr/share/F\xc5\x91.crt", 0, "x"}, {NULL}};
	CLEANUP(package_set_free) PackageSet *set = NULL;
	Error error = ERROR_INIT;
	const PackageEntry *entry;

	(void)state;
	assert_done(read_deb(items, &set, &error), &error);
	assert_int_equal(set->n_packages, 1);
	assert_string_equal(set->packages[0].name, "foo");
	assert_true(set->packages[0].file_size > 0);
	assert_true(set->packages[0].has_script[1]);
	assert_false(set->packages[0].has_script[0]);
	assert_int_equal(set->n_entries, 6);
	entry = package_find(set, "usr/lib/libfoo.so.1");
	assert_non_null(entry);
	assert_int_equal(entry->mode, 0644);
	assert_true(bytes_equal(package_content(set, entry), bytes_of_text("content")));
	assert_int_equal(package_find(set, "usr/lib/other")->offset, entry->offset);
	assert_string_equal(package_find(set, "usr/lib/libfoo.so")->target, "libfoo.so.1");
	assert_int_equal(package_content(set, package_find(set, "usr/share/empty")).size, 0);
	assert_non_null(package_find(set, "usr/share/F\xc5\x91.crt"));
	assert_int_equal(set->newest, 1700000000);
}

static void the_links_of_a_merged_usr_are_no_files(void **state)
{
	const Item items[] = {{"./bin", AE_IFLNK, NULL, "usr/bin"}, {"./lib", AE_IFLNK, NULL, "/usr/lib"},
		{"./usr/lib/", AE_IFDIR}, {"./usr/lib/x", 0, "x"}, {NULL}};
	CLEANUP(package_set_free) PackageSet *set = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(read_deb(items, &set, &error), &error);
	assert_int_equal(set->n_entries, 2);
}

static void refuses_paths_that_lead_out(void **state)
{
	const char *const bad[] = {"../evil", "./usr/../../evil", "usr/./../x", "usr//x", "./usr/a\nb"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused((const Item[]){{bad[i], 0, "x"}, {NULL}}, "a path that no package may have");
	assert_refused((const Item[]){{"/etc/passwd", 0, "x"}, {NULL}}, "a path that no package may have");
	assert_refused((const Item[]){{"usr/x", 0, NULL, "../../etc/shadow"}, {NULL}},
		"a path that no package may have");
}

static void refuses_what_is_no_file_link_or_directory(void **state)
{
	(void)state;
	assert_refused((const Item[]){{"usr/dev", AE_IFCHR}, {NULL}}, "usr/dev is a device");
	assert_refused((const Item[]){{"usr/dev", AE_IFBLK}, {NULL}}, "usr/dev is a device");
	assert_refused((const Item[]){{"usr/pipe", AE_IFIFO}, {NULL}}, "usr/pipe is a device, FIFO");
}

static void refuses_an_entry_through_a_symlink(void **state)
{
	assert_refused((const Item[]){{"usr/lib/d", AE_IFLNK, NULL, "/etc"},
			       {"usr/lib/d/cron.d/evil", 0, "x"}, {NULL}},
		"usr/lib/d/cron.d/evil lies below usr/lib/d, which is a symlink");
	/* In whatever order they come. */
	assert_refused((const Item[]){{"usr/lib/d/x", 0, "x"}, {"usr/lib/d", AE_IFLNK, NULL, "/etc"}, {NULL}},
		"usr/lib/d/x lies below usr/lib/d, which is a symlink");
	(void)state;
}

static void refuses_two_things_at_one_path(void **state)
{
	(void)state;
	assert_refused(
		(const Item[]){{"usr/x", 0, "x"}, {"usr/x", AE_IFDIR}, {NULL}}, "usr/x is there twice");
	assert_refused((const Item[]){{"usr/x", 0, "x"}, {"usr/x", 0, "y"}, {NULL}}, "usr/x is there twice");
	assert_refused((const Item[]){{"lib/x", 0, "x"}, {"usr/lib/x", 0, "y"}, {NULL}}, "is there twice");
}

static void refuses_hard_links_to_nothing(void **state)
{
	(void)state;
	assert_refused((const Item[]){{"usr/x", 0, NULL, "usr/y"}, {NULL}}, "which is no file of it");
	assert_refused((const Item[]){{"usr/x", 0, NULL, "usr/x"}, {NULL}}, "which is no file of it");
	assert_refused((const Item[]){{"usr/d", AE_IFDIR}, {"usr/x", 0, NULL, "usr/d"}, {NULL}},
		"which is no file of it");
}

static void refuses_attributes_that_steer_the_overlay(void **state)
{
	(void)state;
	assert_refused((const Item[]){{"usr/x", 0, "x", NULL, 0, "trusted.overlay.redirect"}, {NULL}},
		"would steer the overlay");
}

static void refuses_what_is_no_package(void **state)
{
	const Item items[] = {{"usr/x", 0, "x"}, {NULL}};
	const char *word;
	PackageSet *set = NULL;
	Error error = ERROR_INIT;
	char path[64];
	int fd;

	(void)state;
	word = path;
	make_deb("2.0\n", good_control, NULL, path);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "has no data.tar");
	make_deb("2.0\n", NULL, items, path);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "has no control.tar");
	make_deb("3.0\n", good_control, items, path);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "is not a Debian package of format 2");
	make_deb("2.0\n", "Nothing: here\n", items, path);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "no field Package");
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "hello, I am a text file\n", 24), 24);
	close(fd);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "is not a Debian package");
	assert_int_equal(truncate(path, 0), 0);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "is not a Debian package");
	assert_int_equal(unlink(path), 0);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "No such file");
	word = "/dev/null";
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "neither a .deb file nor");
}

/* Cut anywhere, a package is refused: never half-read, never a crash. */
static void refuses_a_package_that_was_cut(void **state)
{
	const Item items[] = {{"usr/x", 0, "content that is long enough", NULL, 500}, {NULL}};
	CLEANUP_BUFFER Buffer whole = BUFFER_INIT;
	Error error = ERROR_INIT;
	char path[64];
	const char *word = path;

	(void)state;
	make_deb("2.0\n", good_control, items, path);
	assert_done(file_read(AT_FDCWD, path, 1 << 20, &whole, &error), &error);
	for (size_t size = 0; size + 1 < whole.size; size += 7) {
		PackageSet *set = NULL;

		assert_done(file_replace(AT_FDCWD, path, (Bytes){whole.data, size}, 0600, &error), &error);
		assert_int_equal(package_set_read(&word, 1, &set, &error), -1);
	}
}

static void refuses_too_many_files(void **state)
{
	size_t n = PACKAGE_ENTRIES_MAX + 1;
	Item *items = calloc(n + 1, sizeof(*items));
	char(*names)[16] = calloc(n, sizeof(*names));

	(void)state;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "usr/%zu", i);
		items[i].path = names[i];
	}
	assert_refused(items, "more than the 65536 files allowed");
	free(items);
	free(names);
}

static void a_set_may_be_bounded_below_what_a_package_unpacks_to(void **state)
{
	CLEANUP(package_set_free) PackageSet *set = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(package_set_new(&set, &error), &error);
	set->spool.max = 10;
	assert_done(spool_begin(&set->spool, &error), &error);
	assert_done(spool_write(&set->spool, bytes_of_text("0123456789"), &error), &error);
	assert_fails(spool_write(&set->spool, bytes_of_text("0"), &error), &error, "more than the 10 bytes");
}

static void refuses_a_control_file_without_end(void **state)
{
	const Item items[] = {{"usr/x", 0, "x"}, {NULL}};
	CLEANUP_FREE char *control = malloc(CONTROL_SIZE_MAX + 2);
	PackageSet *set = NULL;
	Error error = ERROR_INIT;
	char path[64];
	const char *word = path;

	(void)state;
	assert_non_null(control);
	memset(control, 'x', CONTROL_SIZE_MAX + 1);
	control[CONTROL_SIZE_MAX + 1] = '\0';
	make_deb("2.0\n", control, items, path);
	assert_fails(package_set_read(&word, 1, &set, &error), &error, "control file control has more than");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_package),
		cmocka_unit_test(the_links_of_a_merged_usr_are_no_files),
		cmocka_unit_test(refuses_paths_that_lead_out),
		cmocka_unit_test(refuses_what_is_no_file_link_or_directory),
		cmocka_unit_test(refuses_an_entry_through_a_symlink),
		cmocka_unit_test(refuses_two_things_at_one_path),
		cmocka_unit_test(refuses_hard_links_to_nothing),
		cmocka_unit_test(refuses_attributes_that_steer_the_overlay),
		cmocka_unit_test(refuses_what_is_no_package),
		cmocka_unit_test(refuses_a_package_that_was_cut),
		cmocka_unit_test(refuses_too_many_files),
		cmocka_unit_test(a_set_may_be_bounded_below_what_a_package_unpacks_to),
		cmocka_unit_test(refuses_a_control_file_without_end),
	};

	/* Names in archives are UTF-8, as on every Debian system. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
