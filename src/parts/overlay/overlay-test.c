/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/overlay.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "parts/overlay/fixture.h"

static void shows_changed_new_and_removed_files(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	char path[128];

	fixture_write(fixture, "one/share/new/file", "new");
	(void)snprintf(path, sizeof(path), "%s/one/lib/removed", fixture->directory);
	assert_int_equal(mknod(path, S_IFCHR, makedev(0, 0)), 0);
	fixture_assert_current(fixture, 0);
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "one");
	assert_string_equal(fixture_read(fixture, "lib/removed"), "(absent)");
	assert_string_equal(fixture_read(fixture, "lib/other"), "base");
	assert_string_equal(fixture_read(fixture, "share/new/file"), "new");
	fixture_assert_current(fixture, 1);
}

static void puts_the_first_image_uppermost(void **state)
{
	Fixture *fixture = fixture_begin(state);
	OverlayLayer layers[2];
	Error error = ERROR_INIT;

	fixture_write(fixture, "two/lib/more", "two");
	layers[0].path = fixture_image(fixture, "one");
	layers[1].path = fixture_image(fixture, "two");
	assert_done(overlay_activate(fixture->root, 7, layers, 2, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "one");
	assert_string_equal(fixture_read(fixture, "lib/more"), "two");
	fixture_assert_current(fixture, 7);
}

static void swaps_and_builds_each_generation_over_the_base(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;

	fixture_write(fixture, "one/lib/only-in-one", "one");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "two");
	assert_string_equal(fixture_read(fixture, "lib/only-in-one"), "(absent)");
	fixture_assert_current(fixture, 2);
}

static void assert_refused(Fixture *fixture, const char *good, const char *bad, const char *sentence)
{
	OverlayLayer layers[2] = {{good}, {bad}};
	Error error = ERROR_INIT;
	size_t before = fixture_mounts(fixture);

	assert_fails(overlay_activate(fixture->root, 2, layers, 2, &error), &error, sentence);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "one");
	fixture_assert_current(fixture, 1);
	assert_int_equal(fixture_mounts(fixture), before);
}

static void keeps_the_old_generation_when_an_image_cannot_be_used(void **state)
{
	Fixture *fixture = fixture_begin(state);
	const char *good = fixture_image(fixture, "two");
	char corrupt[128], absent[128];
	Error error = ERROR_INIT;

	(void)snprintf(corrupt, sizeof(corrupt), "%s/images/corrupt.img", fixture->directory);
	(void)snprintf(absent, sizeof(absent), "%s/images/absent.img", fixture->directory);
	fixture_write(fixture, "images/corrupt.img", "not an EROFS image");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_refused(fixture, good, corrupt, "corrupt.img: it is no intact EROFS image");
	assert_refused(fixture, good, absent, "cannot open the image");
	assert_refused(fixture, good, fixture->root, "neither a regular file nor a block device");
	assert_refused(fixture, good, "/dev/null", "neither a regular file nor a block device");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_int_equal(fixture_mounts(fixture), 1);
}

static void leaves_no_mount_when_nobody_uses_the_generation(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	size_t before = fixture_mounts(fixture);

	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_int_equal(fixture_mounts(fixture), before + 1);
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_int_equal(fixture_mounts(fixture), before);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	fixture_assert_current(fixture, 0);
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_int_equal(fixture_mounts(fixture), before);
}

static void covers_a_generation_in_use_with_the_base(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	char path[160], content[8] = "";
	CLEANUP_CLOSE int user = -1;

	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	(void)snprintf(path, sizeof(path), "%s/lib/changed", fixture->usr);
	user = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(user >= 0);
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	fixture_assert_current(fixture, 0);
	assert_int_equal(read(user, content, sizeof(content)), 3);
	assert_string_equal(content, "one");
	/* Nothing is active: nothing more is stacked. */
	assert_int_equal(fixture_mounts(fixture), 3);
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_int_equal(fixture_mounts(fixture), 3);
}

static void lists_generations_from_the_oldest(void **state)
{
	CLEANUP_FREE OverlayGeneration *list = NULL;
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	struct stat status;
	size_t n = 99;

	assert_done(overlay_list(fixture->root, &list, &n, &error), &error);
	assert_int_equal(n, 0);
	free(list);
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_done(overlay_list(fixture->root, &list, &n, &error), &error);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].number, 1);
	assert_false(list[0].is_top);
	assert_int_equal(list[1].number, 2);
	assert_true(list[1].is_top);
	assert_int_equal(stat(fixture->usr, &status), 0);
	assert_int_equal(list[1].device, status.st_dev);
	assert_int_not_equal(list[0].device, list[1].device);
}

static void opens_the_base_below_every_generation(void **state)
{
	Fixture *fixture = fixture_begin(state);
	CLEANUP_CLOSE int base = -1;
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	Error error = ERROR_INIT;
	size_t before;

	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	before = fixture_mounts(fixture);
	assert_done(overlay_open_base(fixture->root, &base, &error), &error);
	assert_done(file_read(base, "lib/changed", 64, &content, &error), &error);
	assert_string_equal((const char *)content.data, "base");
	assert_true(fcntl(base, F_GETFL) & O_PATH);
	assert_true(fcntl(base, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fixture_mounts(fixture), before);
}

static void survives_a_long_sequence(void **state)
{
	static const char *const names[] = {"one", "two", "three"};
	Fixture *fixture = fixture_begin(state);
	CLEANUP_CLOSE int user = -1;
	Error error = ERROR_INIT;

	for (uint64_t i = 1; i <= 12; i++) {
		const char *name = names[i % ARRAY_SIZE(names)];

		assert_done(fixture_activate(fixture, i, name, &error), &error);
		assert_string_equal(fixture_read(fixture, "lib/changed"), name);
		fixture_assert_current(fixture, i);
		if (i % 2)
			continue;
		/* Every other time somebody stays in the generation. */
		if (i % 4)
			user = open(fixture->usr, O_PATH | O_CLOEXEC);
		assert_done(overlay_deactivate(fixture->root, &error), &error);
		user = close_keeping_errno(user);
		assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
		fixture_assert_current(fixture, 0);
	}
}

static void refuses_roots_it_cannot_work_on(void **state)
{
	Fixture *fixture = fixture_begin(state);
	OverlayLayer layer = {fixture_image(fixture, "one")};
	char other[128], link[128];
	Error error = ERROR_INIT;
	uint64_t number;

	(void)snprintf(other, sizeof(other), "%s/other", fixture->directory);
	(void)snprintf(link, sizeof(link), "%s/other/usr", fixture->directory);
	assert_int_equal(mkdir(other, 0755), 0);
	assert_fails(overlay_activate(other, 1, &layer, 1, &error), &error, "No such file");
	assert_int_equal(symlink(fixture->usr, link), 0);
	assert_fails(overlay_activate(other, 1, &layer, 1, &error), &error, "is a symbolic link");
	assert_fails(overlay_activate("var/tmp", 1, &layer, 1, &error), &error, "not an absolute path");
	assert_fails(overlay_deactivate(other, &error), &error, "is a symbolic link");
	assert_fails(overlay_current(other, &number, &error), &error, "is a symbolic link");
	assert_fails(overlay_activate(fixture->root, 0, &layer, 1, &error), &error, "number of a generation");
	assert_fails(overlay_activate(fixture->root, 1, &layer, 0, &error), &error, "has 1 to 64 images");
	assert_int_equal(fixture_mounts(fixture), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(shows_changed_new_and_removed_files),
		fixture_test(puts_the_first_image_uppermost),
		fixture_test(swaps_and_builds_each_generation_over_the_base),
		fixture_test(keeps_the_old_generation_when_an_image_cannot_be_used),
		fixture_test(leaves_no_mount_when_nobody_uses_the_generation),
		fixture_test(covers_a_generation_in_use_with_the_base),
		fixture_test(lists_generations_from_the_oldest),
		fixture_test(opens_the_base_below_every_generation),
		fixture_test(survives_a_long_sequence),
		fixture_test(refuses_roots_it_cannot_work_on),
	};

	return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
