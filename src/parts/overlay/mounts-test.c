/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/overlay.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "parts/overlay/fixture.h"

/* Mounts a tmpfs on a directory below usr that holds a file "mounted". */
static void mount_below(const Fixture *fixture, const char *directory, const char *content)
{
	char path[160], file[160];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->usr, directory);
	assert_int_equal(mount(content, path, "tmpfs", 0, NULL), 0);
	(void)snprintf(file, sizeof(file), "root/usr/%s/mounted", directory);
	fixture_write(fixture, file, content);
}

static void unmount_below(const Fixture *fixture, const char *directory)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->usr, directory);
	assert_int_equal(umount2(path, UMOUNT_NOFOLLOW), 0);
}

/* A base with directories to mount on. */
static Fixture *begin(void **state)
{
	Fixture *fixture = fixture_begin(state);

	fixture_write(fixture, "root/usr/local/mounted", "base");
	fixture_write(fixture, "root/usr/extra/mounted", "base");
	return fixture;
}

static void carries_mounts_below_usr_over(void **state)
{
	Fixture *fixture = begin(state);
	Error error = ERROR_INIT;

	mount_below(fixture, "local", "local");
	fixture_write(fixture, "root/usr/local/deep/mounted", "local");
	mount_below(fixture, "local/deep", "deep");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "one");
	assert_string_equal(fixture_read(fixture, "local/mounted"), "local");
	assert_string_equal(fixture_read(fixture, "local/deep/mounted"), "deep");
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "two");
	assert_string_equal(fixture_read(fixture, "local/deep/mounted"), "deep");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	assert_string_equal(fixture_read(fixture, "local/mounted"), "local");
	assert_string_equal(fixture_read(fixture, "local/deep/mounted"), "deep");
}

static void follows_what_is_mounted_and_unmounted_meanwhile(void **state)
{
	Fixture *fixture = begin(state);
	Error error = ERROR_INIT;

	mount_below(fixture, "local", "local");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	mount_below(fixture, "extra", "extra");
	unmount_below(fixture, "local");
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_string_equal(fixture_read(fixture, "extra/mounted"), "extra");
	assert_string_equal(fixture_read(fixture, "local/mounted"), "base");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	assert_string_equal(fixture_read(fixture, "extra/mounted"), "extra");
	assert_string_equal(fixture_read(fixture, "local/mounted"), "base");
}

static void keeps_a_mount_unmounted_that_lies_on_the_base(void **state)
{
	Fixture *fixture = begin(state);
	Error error = ERROR_INIT;

	mount_below(fixture, "local", "local");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	unmount_below(fixture, "local");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	assert_string_equal(fixture_read(fixture, "local/mounted"), "base");
}

static void carries_a_mounted_file_and_only_what_can_be_reached(void **state)
{
	Fixture *fixture = begin(state);
	Error error = ERROR_INIT;
	char source[160], target[160];

	(void)snprintf(source, sizeof(source), "%s/lib/other", fixture->usr);
	(void)snprintf(target, sizeof(target), "%s/lib/changed", fixture->usr);
	assert_int_equal(mount(source, target, NULL, MS_BIND, NULL), 0);
	fixture_write(fixture, "root/usr/local/deep/mounted", "base");
	mount_below(fixture, "local/deep", "covered");
	mount_below(fixture, "local", "local");
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	/* Mounted over the file that the image changes, it stays what users see. */
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	assert_string_equal(fixture_read(fixture, "local/mounted"), "local");
	assert_string_equal(fixture_read(fixture, "local/deep/mounted"), "(absent)");
}

static void refuses_an_image_without_a_place_for_a_mount(void **state)
{
	Fixture *fixture = begin(state);
	Error error = ERROR_INIT;
	char path[160];
	size_t before;

	mount_below(fixture, "local", "local");
	before = fixture_mounts(fixture);
	(void)snprintf(path, sizeof(path), "%s/one/local", fixture->directory);
	assert_int_equal(mknod(path, S_IFCHR, makedev(0, 0)), 0);
	assert_fails(fixture_activate(fixture, 1, "one", &error), &error, "usr/local along: No such file");
	(void)snprintf(path, sizeof(path), "%s/two/local", fixture->directory);
	assert_int_equal(symlink("../../outside", path), 0);
	assert_fails(fixture_activate(fixture, 1, "two", &error), &error, "usr/local along");
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	assert_string_equal(fixture_read(fixture, "local/mounted"), "local");
	assert_int_equal(fixture_mounts(fixture), before);
}

static void works_where_usr_is_a_mount_of_its_own(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	struct statvfs status;
	size_t before;

	assert_int_equal(mount("usr", fixture->usr, "tmpfs", MS_NODEV, "mode=0755"), 0);
	fixture_write(fixture, "root/usr/lib/changed", "own");
	before = fixture_mounts(fixture);
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "one");
	assert_int_equal(statvfs(fixture->usr, &status), 0);
	assert_int_equal(
		status.f_flag & (ST_RDONLY | ST_NODEV | ST_NOSUID | ST_NOEXEC), ST_RDONLY | ST_NODEV);
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "own");
	assert_done(fixture_activate(fixture, 3, "three", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "three");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "own");
	/* Generations 1 and 2 and the copy of the base over them. */
	assert_int_equal(fixture_mounts(fixture), before + 3);
}

/* Mounts a writable overlay, as a live system's root is, over a directory of the fixture. */
static void mount_live(const Fixture *fixture, const char *name, const char *lower)
{
	char options[512], upper[128], work[128];

	(void)snprintf(upper, sizeof(upper), "%s.upper/keep", name);
	(void)snprintf(work, sizeof(work), "%s.work/keep", name);
	fixture_write(fixture, upper, "");
	fixture_write(fixture, work, "");
	(void)snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/%s.upper,workdir=%s/%s.work", lower,
		fixture->directory, name, fixture->directory, name);
	assert_int_equal(mount("live", fixture->root, "overlay", 0, options), 0);
}

static void works_on_a_root_that_is_an_overlay_itself(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	char image[160];
	OverlayLayer layer = {image};

	(void)snprintf(image, sizeof(image), "%s/two.img", fixture->root);
	mount_live(fixture, "live", fixture->root);
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "one");
	/* With the image on that overlay, too. */
	fixture_install(fixture, fixture_image(fixture, "two"), "root/two.img", 0644);
	assert_done(overlay_activate(fixture->root, 2, &layer, 1, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "two");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
	fixture_assert_current(fixture, 0);
}

static void says_when_overlays_are_stacked_too_deep(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;

	mount_live(fixture, "live", fixture->root);
	mount_live(fixture, "deeper", fixture->root);
	assert_fails(fixture_activate(fixture, 1, "one", &error), &error, "allows only two levels");
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
}

static void does_not_cover_what_others_mount_over_a_generation(void **state)
{
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	size_t before;

	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_int_equal(mount("extension", fixture->usr, "tmpfs", 0, NULL), 0);
	before = fixture_mounts(fixture);
	assert_fails(fixture_activate(fixture, 2, "two", &error), &error,
		"something else (type tmpfs, source \"extension\") is mounted over a generation");
	assert_fails(overlay_deactivate(fixture->root, &error), &error, "something else (type tmpfs");
	assert_int_equal(fixture_mounts(fixture), before);
	assert_int_equal(umount2(fixture->usr, UMOUNT_NOFOLLOW), 0);
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "two");
}

static void takes_no_other_overlay_for_a_generation(void **state)
{
	static const char *const sources[] = {
		"overlay", "suture", "suture:", "suture:0", "suture:1x", "suture:-1"};
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	char options[256];

	(void)snprintf(options, sizeof(options), "lowerdir=%s/two:%s", fixture->directory, fixture->usr);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		assert_int_equal(mount(sources[i], fixture->usr, "overlay", 0, options), 0);
		fixture_assert_current(fixture, 0);
		assert_done(overlay_deactivate(fixture->root, &error), &error);
		assert_string_equal(fixture_read(fixture, "lib/changed"), "two");
		assert_int_equal(umount2(fixture->usr, UMOUNT_NOFOLLOW), 0);
	}
}

static void takes_any_name_for_a_root(void **state)
{
	static const char name[] = "/a b:c,d\\e#f\ng";
	Fixture *fixture = fixture_begin(state);
	Error error = ERROR_INIT;
	char root[sizeof(fixture->root)];

	(void)snprintf(root, sizeof(root), "%s%s", fixture->directory, name);
	assert_int_equal(rename(fixture->root, root), 0);
	memcpy(fixture->root, root, sizeof(root));
	(void)snprintf(fixture->usr, sizeof(fixture->usr), "%s/usr", root);
	assert_done(fixture_activate(fixture, 1, "one", &error), &error);
	assert_done(fixture_activate(fixture, 2, "two", &error), &error);
	fixture_assert_current(fixture, 2);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "two");
	assert_done(overlay_deactivate(fixture->root, &error), &error);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "base");
}

/* In the child: a chroot whose "/" is no mount, below a mount that others share. */
static int use_chroot(const char *jail, const OverlayLayer *layers)
{
	OverlayGeneration *list = NULL;
	Error error = ERROR_INIT;
	size_t n = 0;

	if (chroot(jail) < 0 || chdir("/") < 0)
		return 1;
	if (overlay_activate("/", 1, &layers[0], 1, &error) < 0 ||
		overlay_activate("/", 2, &layers[1], 1, &error) < 0 ||
		overlay_list("/", &list, &n, &error) < 0)
		(void)fprintf(stderr, "%s\n", error.text);
	free(list);
	return n == 2 ? 0 : 2;
}

static void bind_into(const Fixture *fixture, const char *path)
{
	char target[160];

	(void)snprintf(target, sizeof(target), "%s%s", fixture->root, path);
	assert_int_equal(mkdir(target, 0755), 0);
	assert_int_equal(mount(path, target, NULL, MS_BIND, NULL), 0);
}

static void works_in_a_chroot(void **state)
{
	static const OverlayLayer layers[] = {{"/one.img"}, {"/two.img"}};
	Fixture *fixture = fixture_begin(state);
	int status = -1;
	pid_t child;

	fixture_install(fixture, fixture_image(fixture, "one"), "root/one.img", 0644);
	fixture_install(fixture, fixture_image(fixture, "two"), "root/two.img", 0644);
	bind_into(fixture, "/proc");
	bind_into(fixture, "/dev");
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(use_chroot(fixture->root, layers));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(fixture_read(fixture, "lib/changed"), "two");
	fixture_assert_current(fixture, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(carries_mounts_below_usr_over),
		fixture_test(follows_what_is_mounted_and_unmounted_meanwhile),
		fixture_test(keeps_a_mount_unmounted_that_lies_on_the_base),
		fixture_test(carries_a_mounted_file_and_only_what_can_be_reached),
		fixture_test(refuses_an_image_without_a_place_for_a_mount),
		fixture_test(works_where_usr_is_a_mount_of_its_own),
		fixture_test(works_on_a_root_that_is_an_overlay_itself),
		fixture_test(says_when_overlays_are_stacked_too_deep),
		fixture_test(does_not_cover_what_others_mount_over_a_generation),
		fixture_test(takes_no_other_overlay_for_a_generation),
		fixture_test(takes_any_name_for_a_root),
		fixture_test(works_in_a_chroot),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
