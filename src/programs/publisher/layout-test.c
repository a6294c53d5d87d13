/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "programs/publisher/layout.h"
#include "programs/publisher/salt.h"

static char debian[] = "debian", twelve[] = "12", intel[] = "x86_64", component[] = "libxml2";

static void assert_series(const char *version, const char *expected)
{
	CLEANUP_FREE char *base = strdup(version), *series = NULL;
	const Manifest manifest = {
		.component = component, .base_version = base, .os = {debian, twelve, NULL, intel}};
	Error error = ERROR_INIT;

	assert_done(layout_series(&manifest, &series, &error), &error);
	assert_string_equal(series, expected);
}

static void a_series_lies_below_its_os_component_and_base(void **state)
{
	(void)state;
	assert_series("2.9.14+dfsg-1.3~deb12u4", "debian/12/x86_64/libxml2/2.9.14+dfsg-1.3~deb12u4");
}

static void what_cannot_be_in_a_path_becomes_an_underscore(void **state)
{
	(void)state;
	assert_series("1:2.3", "debian/12/x86_64/libxml2/1_2.3");
	assert_series("1_2::3", "debian/12/x86_64/libxml2/1_2__3");
}

static void a_file_lies_below_its_letter(void **state)
{
	CLEANUP_FREE char *path = NULL;
	const Manifest manifest = {
		.component = component, .base_version = twelve, .os = {debian, twelve, NULL, intel}};
	Error error = ERROR_INIT;

	(void)state;
	assert_done(layout_file(&manifest, 27, "manifest.json", &path, &error), &error);
	assert_string_equal(path, "debian/12/x86_64/libxml2/12/aa/manifest.json");
}

/* Fixed for ever: devices of all versions compute it from what is published. */
static void the_salt_is_the_one_of_the_manifests_page(void **state)
{
	const uint8_t message[] = "suture-verity\0"
				  "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1";
	uint8_t salt[VERITY_SALT_SIZE];
	Error error = ERROR_INIT;
	Digest image, expected;

	(void)state;
	memset(image.bytes, 1, sizeof(image.bytes));
	assert_done(salt_of_image(&image, salt, &error), &error);
	assert_done(hash_bytes((Bytes){message, 14 + 32}, &expected, &error), &error);
	assert_memory_equal(salt, expected.bytes, sizeof(salt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_lies_below_its_os_component_and_base),
		cmocka_unit_test(what_cannot_be_in_a_path_becomes_an_underscore),
		cmocka_unit_test(a_file_lies_below_its_letter),
		cmocka_unit_test(the_salt_is_the_one_of_the_manifests_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
