/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "programs/publisher/package/control.h"

static int parse(const char *text, Control *control, Error *error)
{
	control_clear(control);
	return control_parse(bytes_of_text(text), control, error);
}

static void reads_what_a_package_says_of_itself(void **state)
{
	Control control = {.name = NULL};
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse("Package: libxml2\nversion:  1:2.9~rc1 \nArchitecture: amd64\n"
			  "Depends: libc6 (>= 2.36),\n libz\nDescription: a\n Package: not this\n",
			    &control, &error),
		&error);
	assert_string_equal(control.name, "libxml2");
	assert_string_equal(control.version, "1:2.9~rc1");
	assert_string_equal(control.architecture, "amd64");
	assert_string_equal(control.depends, "libc6 (>= 2.36),");
	assert_string_equal(control.pre_depends, "");
	control_clear(&control);
}

static void refuses_what_lacks_a_field_or_has_a_strange_one(void **state)
{
	Control control = {.name = NULL};
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(parse("", &control, &error), &error, "no field Package");
	assert_fails(parse("Package: a\n", &control, &error), &error, "no field Version");
	assert_fails(parse("Package: a\nVersion: 1\n", &control, &error), &error, "no field Architecture");
	assert_fails(parse("Package: ../a\nVersion: 1\nArchitecture: all\n", &control, &error), &error,
		"Package is not a plain word");
	assert_fails(parse("Package: a\nPackage: b\n", &control, &error), &error, "two fields Package");
	assert_fails(parse("Package:\nVersion: 1\nArchitecture: all\n", &control, &error), &error, "Package");
	control_clear(&control);
	assert_fails(
		control_parse((Bytes){(const uint8_t *)"a\0b", 3}, &control, &error), &error, "zero byte");
	control_clear(&control);
}

static void knows_how_the_kernel_calls_an_architecture(void **state)
{
	(void)state;
	assert_string_equal(control_kernel_architecture("amd64"), "x86_64");
	assert_string_equal(control_kernel_architecture("arm64"), "aarch64");
	assert_null(control_kernel_architecture("all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_a_package_says_of_itself),
		cmocka_unit_test(refuses_what_lacks_a_field_or_has_a_strange_one),
		cmocka_unit_test(knows_how_the_kernel_calls_an_architecture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
