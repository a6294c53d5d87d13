/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/test.h"
#include "base/mountinfo.h"
#include "parts/overlay/overlay.h"

static bool has_file_system(const char *type)
{
	CLEANUP_CLOSE int context = fsopen(type, FSOPEN_CLOEXEC);

	return context >= 0;
}

static bool has_mkfs(void)
{
	Error error = ERROR_INIT;

	(void)process_run((const char *const[]){"mkfs.erofs", "--help", NULL}, 1 << 20, NULL, &error);
	return !strstr(error.text, "is not installed");
}

/* Once for the whole test program: what it mounts is nobody else's. */
static bool enter_namespace(void)
{
	static bool entered;

	if (!entered)
		entered = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
			  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			  has_file_system("overlay") && has_file_system("erofs") && has_mkfs();
	return entered;
}

static size_t count_mounts(void)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;

	assert_int_equal(mountinfo_read(AT_FDCWD, "/proc/thread-self/mountinfo", &mounts, NULL), 0);
	return mounts.n_entries;
}

int fixture_setup(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	if (!fixture)
		return -1;
	if (!enter_namespace())
		return 0;
	fixture->n_mounts = count_mounts();
	(void)snprintf(fixture->directory, sizeof(fixture->directory), "/var/tmp/suture-overlay-XXXXXX");
	if (!mkdtemp(fixture->directory) ||
		mount(fixture->directory, fixture->directory, NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, fixture->directory, NULL, MS_SHARED, NULL) < 0 ||
		chmod(fixture->directory, 0755) < 0)
		return -1;
	(void)snprintf(fixture->root, sizeof(fixture->root), "%s/root", fixture->directory);
	(void)snprintf(fixture->usr, sizeof(fixture->usr), "%s/usr", fixture->root);
	return mkdir(fixture->root, 0755) < 0 || mkdir(fixture->usr, 0755) < 0 ? -1 : 0;
}

int fixture_teardown(void **state)
{
	CLEANUP_FREE Fixture *fixture = *state;

	if (!fixture || !*fixture->directory)
		return 0;
	if (umount2(fixture->directory, MNT_DETACH) < 0 || fixture_mounts(fixture) != 0 ||
		fixture_loops(fixture, 0) != 0)
		return -1;
	return file_remove_tree(AT_FDCWD, fixture->directory, NULL);
}

/* Opens a file for writing, in directories that are made for it. */
static int create(const Fixture *fixture, const char *path, unsigned int mode)
{
	CLEANUP_CLOSE int directory = open(fixture->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int parent = -1;
	const char *name = path_basename(path);
	Error error = ERROR_INIT;
	char folder[128];
	int file;

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(name - path - 1), path);
	assert_done(file_make_directories(directory, folder, 0755, &parent, &error), &error);
	file = openat(parent, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	assert_int_equal(fchmod(file, mode), 0);
	return file;
}

void fixture_write(const Fixture *fixture, const char *path, const char *content)
{
	CLEANUP_CLOSE int file = create(fixture, path, 0644);
	Error error = ERROR_INIT;

	assert_done(file_write_all(file, bytes_of_text(content), path, &error), &error);
}

void fixture_install(const Fixture *fixture, const char *from, const char *path, unsigned int mode)
{
	CLEANUP_CLOSE int source = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int file = create(fixture, path, 0700);
	Error error = ERROR_INIT;

	assert_true(source >= 0);
	assert_done(file_copy(source, file, 1 << 24, path, &error), &error);
	/* Writing takes the setuid bit away, so the mode comes last. */
	assert_int_equal(fchmod(file, mode), 0);
}

Fixture *fixture_begin(void **state)
{
	static const char *const names[] = {"one", "two", "three"};
	Fixture *fixture = *state;

	if (!*fixture->directory)
		skip();
	fixture_write(fixture, "root/usr/lib/changed", "base");
	fixture_write(fixture, "root/usr/lib/removed", "base");
	fixture_write(fixture, "root/usr/lib/other", "base");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%s/lib/changed", names[i]);
		fixture_write(fixture, path, names[i]);
	}
	return fixture;
}

int fixture_activate(const Fixture *fixture, uint64_t number, const char *name, Error *error)
{
	OverlayLayer layer = {fixture_image(fixture, name)};

	return overlay_activate(fixture->root, number, &layer, 1, error);
}

void fixture_assert_current(const Fixture *fixture, uint64_t expected)
{
	uint64_t number = UINT64_MAX;
	Error error = ERROR_INIT;

	assert_done(overlay_current(fixture->root, &number, &error), &error);
	assert_int_equal(number, expected);
}

const char *fixture_image(const Fixture *fixture, const char *name)
{
	static char paths[16][128];
	static size_t n;
	char source[128];
	char *image = paths[n++ % 16];
	Error error = ERROR_INIT;

	(void)snprintf(source, sizeof(source), "%s/%s", fixture->directory, name);
	(void)snprintf(image, sizeof(paths[0]), "%s/%s.img", fixture->directory, name);
	assert_done(process_run((const char *const[]){"mkfs.erofs", "--quiet", image, source, NULL}, 1 << 20,
			    NULL, &error),
		&error);
	return image;
}

const char *fixture_read(Fixture *fixture, const char *path)
{
	CLEANUP_CLOSE int usr = open(fixture->usr, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int file = openat(usr, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = file < 0 ? -1 : read(file, fixture->content, sizeof(fixture->content) - 1);

	if (file < 0 && errno == ENOENT)
		return "(absent)";
	assert_true(n >= 0 && (size_t)n < sizeof(fixture->content));
	fixture->content[n < 0 ? 0 : n] = '\0';
	return fixture->content;
}

size_t fixture_mounts(const Fixture *fixture)
{
	return count_mounts() - fixture->n_mounts;
}

static size_t count_loops(const char *directory)
{
	glob_t found = {0};
	size_t n = 0;

	(void)glob("/sys/block/loop*/loop/backing_file", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP_CLOSE int fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		char path[256] = "";

		/* A path below a mount that is gone begins at that mount's root: the name is enough. */
		if (fd >= 0 && read(fd, path, sizeof(path) - 1) > 0 && strstr(path, directory))
			n++;
	}
	globfree(&found);
	return n;
}

size_t fixture_loops(const Fixture *fixture, size_t expected)
{
	const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
	size_t n = count_loops(fixture->directory);

	for (int i = 0; i < 500 && n != expected; i++) {
		(void)nanosleep(&moment, NULL);
		n = count_loops(fixture->directory);
	}
	return n;
}
