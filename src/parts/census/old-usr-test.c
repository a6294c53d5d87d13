/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "parts/census/old-usr.h"

#define CURRENT makedev(0, 42)

/* A host with two generations over /usr, the newer one on top. */
static const char HOST[] = "26 1 254:0 / / rw - ext4 /dev/vda rw\n"
			   "41 26 0:41 / /usr ro - overlay suture:1 ro\n"
			   "42 41 0:42 / /usr ro - overlay suture:2 ro\n"
			   "50 26 0:50 / /tmp rw - tmpfs tmpfs rw\n";

static void parse(const char *text, Mountinfo *ret)
{
	Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(buffer_append(&buffer, text, strlen(text), &error), &error);
	assert_done(mountinfo_parse(&buffer, ret, &error), &error);
}

/* Is what a process with the table `other` sees old, for the census of a process with the table `own`, and
 * which generation is it? */
static bool shows_old(const char *own, const char *root, dev_t current, const char *other, dev_t *ret)
{
	CLEANUP_MOUNTINFO Mountinfo own_mounts = MOUNTINFO_INIT, other_mounts = MOUNTINFO_INIT;
	CLEANUP_OLD_USR OldUsr usr = OLD_USR_INIT;
	Error error = ERROR_INIT;

	parse(own, &own_mounts);
	parse(other, &other_mounts);
	assert_done(old_usr_init(&usr, &own_mounts, root, current, &error), &error);
	return old_usr_is_shown(&usr, &other_mounts, ret);
}

static bool is_old(const char *own, const char *root, dev_t current, const char *other)
{
	dev_t ignored;

	return shows_old(own, root, current, other, &ignored);
}

static void is_content_with_the_current_generation(void **state)
{
	(void)state;
	assert_false(is_old(HOST, "/", CURRENT, HOST));
	/* A container that was given the current one. */
	assert_false(is_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 0:42 / /usr ro - overlay suture:2 ro\n"));
}

static void finds_a_namespace_that_still_shows_the_base(void **state)
{
	(void)state;
	assert_true(is_old(HOST, "/", CURRENT, "90 1 254:0 / / rw - ext4 /dev/vda rw\n"));
	/* Only usr was given to it, at /usr or elsewhere. */
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 254:0 /usr /usr ro - ext4 /dev/vda ro\n"));
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 254:0 /usr /run/host/usr ro - ext4 /dev/vda ro\n"));
}

static void finds_a_namespace_that_shows_an_older_generation(void **state)
{
	(void)state;
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 254:0 / / rw - ext4 /dev/vda rw\n91 90 0:41 / /usr ro - overlay suture:1 ro\n"));
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 0:41 / /run/host/usr ro - overlay suture:1 ro\n"));
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 0:41 /lib /lib ro - overlay suture:1 ro\n"));
}

static void names_the_old_generation_only_where_nothing_else_is_old(void **state)
{
	dev_t shown = 1;

	(void)state;
	assert_true(shows_old(HOST, "/", CURRENT,
		"90 1 254:0 / / rw - ext4 /dev/vda rw\n91 90 0:41 / /usr ro - overlay suture:1 ro\n",
		&shown));
	assert_int_equal(shown, makedev(0, 41));
	assert_true(shows_old(HOST, "/", CURRENT, "90 1 254:0 / / rw - ext4 /dev/vda rw\n", &shown));
	assert_int_equal(shown, 0);
	/* The current one at /usr, and beside it an older one and the base. */
	assert_true(shows_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 0:42 / /usr ro - overlay suture:2 ro\n"
		"92 90 0:41 / /old ro - overlay suture:1 ro\n",
		&shown));
	assert_int_equal(shown, makedev(0, 41));
	assert_true(shows_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 0:41 / /usr ro - overlay suture:1 ro\n"
		"92 90 254:0 /usr /host ro - ext4 /dev/vda ro\n",
		&shown));
	assert_int_equal(shown, 0);
}

static void after_a_revert_only_generations_are_old(void **state)
{
	static const char base[] = "26 1 254:0 / / rw - ext4 /dev/vda rw\n";

	(void)state;
	assert_false(is_old(base, "/", 0, base));
	assert_true(is_old(base, "/", 0, HOST));
}

static void leaves_other_systems_alone(void **state)
{
	(void)state;
	/* A container on an overlay of its own, one in a directory of the same file system, and a cgroup
	 * mount whose root is no path. */
	assert_false(is_old(HOST, "/", CURRENT, "90 1 0:61 / / rw - overlay overlay rw\n"));
	assert_false(is_old(HOST, "/", CURRENT, "90 1 254:0 /srv/c / rw - ext4 /dev/vda rw\n"));
	assert_false(is_old(HOST, "/", CURRENT, "90 1 254:0 /usr/share /opt ro - ext4 /dev/vda rw\n"));
	assert_false(is_old(HOST, "/", CURRENT, "90 1 0:61 net:[1] /usr rw - nsfs none rw\n"));
	assert_false(is_old(HOST, "/", CURRENT, ""));
	/* Sources that only resemble ours. */
	assert_false(is_old(HOST, "/", CURRENT, "90 1 0:61 / /usr rw - overlay suture: rw\n"));
	assert_false(is_old(HOST, "/", CURRENT, "90 1 0:61 / /usr rw - overlay suture:1x rw\n"));
	assert_false(is_old(HOST, "/", CURRENT, "90 1 0:61 / /usr rw - tmpfs suture:1 rw\n"));
}

static void leaves_generations_of_other_systems_to_them(void **state)
{
	(void)state;
	/* A container that is kept up to date from within. */
	assert_false(is_old(HOST, "/", CURRENT,
		"90 1 0:61 / / rw - overlay overlay rw\n91 90 0:77 / /usr ro - overlay suture:5 ro\n"));
	assert_false(is_old(HOST, "/", 0,
		"90 1 254:0 /srv/c / rw - ext4 /dev/vda rw\n91 90 0:77 / /usr ro - overlay suture:5 ro\n"));
	/* One that was given a generation of this system is not such a one. */
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 0:61 / / rw - overlay overlay rw\n91 90 0:41 / /usr ro - overlay suture:1 ro\n"));
}

static void finds_generations_that_nobody_else_remembers(void **state)
{
	(void)state;
	/* Detached here, but still there: over this system's base, and in a sandbox. */
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 254:0 / / rw - ext4 /dev/vda rw\n91 90 0:33 / /usr ro - overlay suture:0 ro\n"));
	assert_true(is_old(HOST, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 0:33 / /usr ro - overlay suture:0 ro\n"));
}

static void is_not_kept_busy_by_many_mounts(void **state)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(buffer_append_format(&text, &error, "1 0 0:61 / / rw - ext4 none rw\n"), &error);
	for (int i = 2; i < 100000; i++)
		assert_done(buffer_append_format(
				    &text, &error, "%d 1 0:77 / /%d/usr rw - overlay suture:1 rw\n", i, i),
			&error);
	assert_true(is_old(HOST, "/", CURRENT, (const char *)text.data));
}

static void ignores_what_is_covered(void **state)
{
	(void)state;
	assert_false(is_old(HOST, "/", CURRENT,
		"90 1 254:0 / / rw - ext4 /dev/vda rw\n"
		"91 90 254:0 /usr /usr ro - ext4 /dev/vda ro\n"
		"92 91 0:42 / /usr ro - overlay suture:2 ro\n"
		"93 90 0:41 / /run/a/usr ro - overlay suture:1 ro\n"
		"94 90 0:70 / /run/a rw - tmpfs none rw\n"));
}

static void a_second_mount_of_the_whole_file_system_is_no_usr(void **state)
{
	/* OSTree: the deployment is a directory of what /sysroot shows as a whole. */
	static const char ostree[] = "26 1 254:0 /deploy/1 / rw - ext4 /dev/vda rw\n"
				     "27 26 254:0 / /sysroot rw - ext4 /dev/vda rw\n"
				     "28 26 254:0 /deploy/1/usr /usr ro - ext4 /dev/vda ro\n"
				     "42 28 0:42 / /usr ro - overlay suture:2 ro\n";

	(void)state;
	assert_false(is_old(ostree, "/", CURRENT, ostree));
	assert_true(is_old(ostree, "/", CURRENT, "90 1 254:0 /deploy/1 / rw - ext4 /dev/vda rw\n"));
	assert_false(is_old(ostree, "/", CURRENT, "90 1 254:0 /deploy/0 / rw - ext4 /dev/vda rw\n"));
}

static void knows_a_usr_on_a_file_system_of_its_own(void **state)
{
	static const char own[] = "26 1 254:0 / / rw - ext4 /dev/vda rw\n"
				  "27 26 254:1 / /usr ro - erofs /dev/vdb ro\n"
				  "42 27 0:42 / /usr ro - overlay suture:2 ro\n";

	(void)state;
	assert_false(is_old(own, "/", CURRENT, own));
	assert_true(is_old(own, "/", CURRENT,
		"90 1 0:60 / / rw - tmpfs none rw\n91 90 254:1 / /usr ro - erofs /dev/vdb ro\n"));
	assert_false(is_old(own, "/", CURRENT, "90 1 254:0 / / rw - ext4 /dev/vda rw\n"));
}

static void keeps_roots_apart(void **state)
{
	static const char two[] = "26 1 254:0 / / rw - ext4 /dev/vda rw\n"
				  "41 26 0:41 / /usr ro - overlay suture:1 ro\n"
				  "42 26 0:42 / /srv/r/usr ro - overlay suture:2 ro\n";

	(void)state;
	assert_false(is_old(two, "/", makedev(0, 41), two));
	assert_false(is_old(two, "/srv/r", CURRENT, two));
	/* Of the root's own. */
	assert_true(is_old(two, "/srv/r", CURRENT, "90 1 254:0 / / rw - ext4 /dev/vda rw\n"));
	assert_true(is_old(two, "/srv/r", CURRENT, "90 1 254:0 /srv/r / rw - ext4 /dev/vda rw\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_content_with_the_current_generation),
		cmocka_unit_test(finds_a_namespace_that_still_shows_the_base),
		cmocka_unit_test(finds_a_namespace_that_shows_an_older_generation),
		cmocka_unit_test(after_a_revert_only_generations_are_old),
		cmocka_unit_test(leaves_other_systems_alone),
		cmocka_unit_test(leaves_generations_of_other_systems_to_them),
		cmocka_unit_test(finds_generations_that_nobody_else_remembers),
		cmocka_unit_test(names_the_old_generation_only_where_nothing_else_is_old),
		cmocka_unit_test(is_not_kept_busy_by_many_mounts),
		cmocka_unit_test(ignores_what_is_covered),
		cmocka_unit_test(a_second_mount_of_the_whole_file_system_is_no_usr),
		cmocka_unit_test(knows_a_usr_on_a_file_system_of_its_own),
		cmocka_unit_test(keeps_roots_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
