/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "programs/publisher/package/changes.h"

static int set_up(void **state)
{
	PackageSet **sets = calloc(2, sizeof(PackageSet *));
	Error error = ERROR_INIT;

	assert_non_null(sets);
	assert_done(package_set_new(&sets[0], &error), &error);
	assert_done(package_set_new(&sets[1], &error), &error);
	*state = sets;
	return 0;
}

static int tear_down(void **state)
{
	PackageSet **sets = *state;

	(void)package_set_free(sets[0]);
	(void)package_set_free(sets[1]);
	free(sets);
	return 0;
}

static PackageEntry *add_entry(PackageSet *set, const char *path, PackageType type, uint32_t mode)
{
	PackageEntry entry = {.path = strdup(path), .type = type, .mode = mode};
	Error error = ERROR_INIT;

	assert_done(package_add(set, &entry, &error), &error);
	return &set->entries[set->n_entries - 1];
}

static void add_file(PackageSet *set, const char *path, const char *content, uint32_t mode)
{
	PackageEntry entry = {.path = strdup(path), .type = PACKAGE_FILE, .mode = mode};
	Error error = ERROR_INIT;

	assert_done(spool_begin(&set->spool, &error), &error);
	assert_done(spool_write(&set->spool, bytes_of_text(content), &error), &error);
	assert_done(spool_end(&set->spool, &entry.offset, &entry.size, &entry.digest, &error), &error);
	assert_done(package_add(set, &entry, &error), &error);
}

static void add_symlink(PackageSet *set, const char *path, const char *target)
{
	add_entry(set, path, PACKAGE_SYMLINK, 0777)->target = strdup(target);
}

static int find(PackageSet **sets, bool with_docs, Changes *changes, Error *error)
{
	assert_done(package_set_finish(sets[0], error), error);
	assert_done(package_set_finish(sets[1], error), error);
	return changes_find(sets[0], sets[1], with_docs, changes, error);
}

static void finds_what_was_replaced_added_and_removed(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[0], "usr/lib/libfoo.so.1.1", "old", 0644);
	add_symlink(sets[0], "usr/lib/libfoo.so.1", "libfoo.so.1.1");
	add_file(sets[0], "usr/lib/same", "same", 0644);
	add_file(sets[1], "usr/lib/libfoo.so.1.2", "new", 0644);
	add_symlink(sets[1], "usr/lib/libfoo.so.1", "libfoo.so.1.2");
	add_file(sets[1], "usr/lib/same", "same", 0644);
	assert_done(find(sets, false, &changes, &error), &error);
	assert_int_equal(changes.n_items, 3);
	assert_string_equal(change_path(&changes.items[0]), "usr/lib/libfoo.so.1");
	assert_non_null(changes.items[0].base);
	assert_string_equal(changes.items[0].fixed->target, "libfoo.so.1.2");
	assert_string_equal(change_path(&changes.items[1]), "usr/lib/libfoo.so.1.1");
	assert_null(changes.items[1].fixed);
	assert_string_equal(change_path(&changes.items[2]), "usr/lib/libfoo.so.1.2");
	assert_null(changes.items[2].base);
	assert_int_equal(changes.n_warnings, 0);
	changes_clear(&changes);
}

static void a_mode_alone_is_a_change(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[0], "usr/bin/tool", "x", 0755);
	add_file(sets[1], "usr/bin/tool", "x", 04755);
	assert_done(find(sets, false, &changes, &error), &error);
	assert_int_equal(changes.n_items, 1);
	assert_int_equal(changes.n_warnings, 1);
	assert_string_equal(changes.warnings[0], "usr/bin/tool becomes setuid or setgid (mode 4755)");
	changes_clear(&changes);
}

static void an_attribute_alone_is_a_change(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[0], "usr/bin/ping", "x", 0755);
	add_file(sets[1], "usr/bin/ping", "x", 0755);
	assert_done(package_add_attribute(
			    &sets[1]->entries[0], "security.capability", bytes_of_text("cap"), &error),
		&error);
	assert_done(find(sets, false, &changes, &error), &error);
	assert_int_equal(changes.n_items, 1);
	assert_string_equal(changes.warnings[0], "usr/bin/ping gets file capabilities");
	changes_clear(&changes);
}

static void documentation_is_carried_only_when_asked_for(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[0], "usr/share/doc/foo/changelog.gz", "old", 0644);
	add_file(sets[1], "usr/share/doc/foo/changelog.gz", "new", 0644);
	assert_fails(find(sets, false, &changes, &error), &error, "do not differ in anything below /usr");
	assert_done(changes_find(sets[0], sets[1], true, &changes, &error), &error);
	assert_int_equal(changes.n_items, 1);
	changes_clear(&changes);
	assert_true(changes_is_docs("usr/share/man"));
	assert_false(changes_is_docs("usr/share/manual"));
}

static void nothing_changed_is_an_error(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[0], "usr/bin/tool", "x", 0755);
	add_file(sets[1], "usr/bin/tool", "x", 0755);
	assert_fails(find(sets, false, &changes, &error), &error, "do not differ");
}

static void refuses_changes_outside_usr_with_their_list(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[0], "etc/foo.conf", "old", 0644);
	add_file(sets[0], "etc/same.conf", "same", 0644);
	add_file(sets[1], "etc/foo.conf", "new", 0644);
	add_file(sets[1], "etc/same.conf", "same", 0644);
	add_file(sets[1], "var/lib/x", "new", 0644);
	add_file(sets[1], "usr/bin/tool", "x", 0755);
	assert_fails(find(sets, false, &changes, &error), &error,
		"changes etc/foo.conf, var/lib/x, which an improvement cannot carry");
}

static void what_is_the_same_outside_usr_does_not_matter(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[0], "etc/foo.conf", "same", 0644);
	add_entry(sets[0], "var/old", PACKAGE_DIRECTORY, 0755);
	add_file(sets[1], "etc/foo.conf", "same", 0644);
	add_file(sets[1], "usr/bin/tool", "x", 0755);
	assert_done(find(sets, false, &changes, &error), &error);
	assert_int_equal(changes.n_items, 1);
	changes_clear(&changes);
}

static void never_removes_or_replaces_a_directory(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_entry(sets[0], "usr/share/gone", PACKAGE_DIRECTORY, 0755);
	add_entry(sets[0], "usr/share/thing", PACKAGE_DIRECTORY, 0755);
	add_file(sets[1], "usr/bin/tool", "x", 0755);
	add_entry(sets[1], "usr/share/thing", PACKAGE_DIRECTORY, 0755);
	assert_done(find(sets, false, &changes, &error), &error);
	assert_int_equal(changes.n_items, 1);
	changes_clear(&changes);
	sets[1]->entries[1].type = PACKAGE_SYMLINK;
	sets[1]->entries[1].target = strdup("elsewhere");
	assert_fails(changes_find(sets[0], sets[1], false, &changes, &error), &error,
		"turns the directory usr/share/thing into a symlink");
}

static void warns_of_scripts_and_dependencies(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[1], "usr/bin/tool", "x", 0755);
	for (size_t i = 0; i < 2; i++) {
		sets[i]->packages = calloc(1, sizeof(Control));
		sets[i]->n_packages = 1;
		assert_done(control_parse(bytes_of_text(i ? "Package: a\nVersion: 2\nArchitecture: all\n"
							  : "Package: a\nVersion: 1\nArchitecture: all\n"
							    "Depends: b\n"),
				    &sets[i]->packages[0], &error),
			&error);
	}
	sets[1]->packages[0].has_script[1] = true;
	assert_done(find(sets, false, &changes, &error), &error);
	assert_int_equal(changes.n_warnings, 2);
	assert_non_null(strstr(changes.warnings[0], "the postinst of a changed"));
	assert_non_null(strstr(changes.warnings[1], "the dependencies of a changed"));
	changes_clear(&changes);
}

static void warns_of_a_step_back(void **state)
{
	PackageSet **sets = *state;
	Changes changes = {.items = NULL};
	Error error = ERROR_INIT;

	add_file(sets[1], "usr/bin/tool", "x", 0755);
	for (size_t i = 0; i < 2; i++) {
		sets[i]->packages = calloc(1, sizeof(Control));
		sets[i]->n_packages = 1;
		assert_done(control_parse(bytes_of_text(i ? "Package: a\nVersion: 1.9\nArchitecture: all\n"
							  : "Package: a\nVersion: 1.10\nArchitecture: all\n"),
				    &sets[i]->packages[0], &error),
			&error);
	}
	assert_done(find(sets, false, &changes, &error), &error);
	assert_int_equal(changes.n_warnings, 1);
	assert_non_null(strstr(changes.warnings[0], "a goes back to 1.9"));
	changes_clear(&changes);
}

#define sets_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sets_test(finds_what_was_replaced_added_and_removed),
		sets_test(a_mode_alone_is_a_change),
		sets_test(an_attribute_alone_is_a_change),
		sets_test(documentation_is_carried_only_when_asked_for),
		sets_test(nothing_changed_is_an_error),
		sets_test(refuses_changes_outside_usr_with_their_list),
		sets_test(what_is_the_same_outside_usr_does_not_matter),
		sets_test(never_removes_or_replaces_a_directory),
		sets_test(warns_of_scripts_and_dependencies),
		sets_test(warns_of_a_step_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
