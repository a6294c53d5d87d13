/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/device-secret.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "engine/fixture.h"

static Digest secret_of(const Fixture *fixture)
{
	Digest digest;
	Error error = ERROR_INIT;

	/* The fixture's directory is the root as well: its etc/machine-id counts. */
	assert_done(device_secret(fixture->store, store_directory(fixture->store), &digest, &error), &error);
	return digest;
}

static void put(const Fixture *fixture, const char *name, const char *text)
{
	Error error = ERROR_INIT;

	assert_done(file_replace(store_directory(fixture->store), name, bytes_of_text(text), 0644, &error),
		&error);
}

static void stays_and_is_root_s_alone(void **state)
{
	const Fixture *fixture = *state;
	Digest first = secret_of(fixture), second = secret_of(fixture);
	struct stat status;

	assert_true(digest_equal(&first, &second));
	assert_int_equal(fstatat(store_directory(fixture->store), "secret", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, 32);
}

static void each_device_has_its_own(void **state)
{
	const Fixture *fixture = *state;
	Digest first = secret_of(fixture), second;

	assert_int_equal(unlinkat(store_directory(fixture->store), "secret", 0), 0);
	second = secret_of(fixture);
	assert_false(digest_equal(&first, &second));
}

static void a_copied_disk_with_a_machine_id_of_its_own_is_another_device(void **state)
{
	const Fixture *fixture = *state;
	Digest none = secret_of(fixture), original, copy;
	Error error = ERROR_INIT;

	assert_done(
		file_make_directories(store_directory(fixture->store), "etc", 0755, NULL, &error), &error);
	put(fixture, "etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	original = secret_of(fixture);
	put(fixture, "etc/machine-id", "0123456789abcdef0123456789abcdee\n");
	copy = secret_of(fixture);
	assert_false(digest_equal(&none, &original));
	assert_false(digest_equal(&original, &copy));
}

static void a_damaged_one_is_made_anew(void **state)
{
	const Fixture *fixture = *state;
	Digest first, second;

	put(fixture, "secret", "short");
	first = secret_of(fixture);
	second = secret_of(fixture);
	assert_true(digest_equal(&first, &second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stays_and_is_root_s_alone, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(each_device_has_its_own, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_copied_disk_with_a_machine_id_of_its_own_is_another_device,
			fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			a_damaged_one_is_made_anew, fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
