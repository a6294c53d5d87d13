/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/layers.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/fixture.h"

/* Where the store has the image. */
static char *image_of(const Fixture *fixture, const Digest *digest)
{
	char name[STORE_NAME_SIZE];
	char *path = NULL;

	(void)store_blob_name(STORE_IMAGE, digest, name);
	assert_int_equal(text_format(&path, NULL, "%s/%s", store_path(fixture->store), name), 0);
	return path;
}

/* A loop device over a file, as a mount makes one; it goes with the descriptor. */
static int attach(const char *path)
{
	struct loop_config config = {.info = {.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_READ_ONLY}};
	CLEANUP_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	CLEANUP_CLOSE int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char device[64];
	int fd;

	if (control < 0)
		return -1;
	assert_true(file >= 0 && ftruncate(file, 64 * 1024) == 0);
	(void)snprintf(device, sizeof(device), "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
	fd = open(device, O_RDONLY | O_CLOEXEC);
	config.fd = (uint32_t)file;
	if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) < 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static void finds_the_device_that_an_image_is_on(void **state)
{
	Fixture *fixture = *state;
	const Engine engine = {.store = fixture->store};
	Manifest manifest = {.image_digest = {{1}}}, other = {.image_digest = {{2}}};
	CLEANUP_FREE char *path = image_of(fixture, &manifest.image_digest);
	CLEANUP_CLOSE int fd = attach(path);
	dev_t found[LAYERS_DEVICES_MAX];
	struct stat status;
	size_t n = 0;

	if (fd < 0)
		skip(); /* no loop devices here */
	assert_int_equal(fstat(fd, &status), 0);
	assert_done(layers_devices(&engine, &manifest, found, &n, &fixture->error), &fixture->error);
	assert_int_equal(n, 1);
	assert_true(found[0] == status.st_rdev);
	assert_done(layers_devices(&engine, &other, found, &n, &fixture->error), &fixture->error);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			finds_the_device_that_an_image_is_on, fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
