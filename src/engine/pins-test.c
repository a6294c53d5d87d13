/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/pins.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

static void put(Pins *pins, const char *text, unsigned line)
{
	Error error = ERROR_INIT;

	assert_done(pins_put(pins, text, "etc/p.conf", line, &error), &error);
}

static void holds_a_component_at_a_letter_or_the_base(void **state)
{
	Pins pins = {NULL, 0};

	(void)state;
	put(&pins, "libxml2 a", 1);
	put(&pins, "openssl\t  (ab)", 2);
	put(&pins, "zlib base", 3);
	assert_int_equal(pins_find(&pins, "libxml2")->sequence, 1);
	assert_int_equal(pins_find(&pins, "openssl")->sequence, 28);
	assert_int_equal(pins_find(&pins, "zlib")->sequence, 0);
	assert_null(pins_find(&pins, "libxml"));
	pins_clear(&pins);
}

static void the_later_pin_of_a_component_holds(void **state)
{
	CLEANUP_FREE char *text = NULL;
	Pins pins = {NULL, 0};
	Error error = ERROR_INIT;

	(void)state;
	put(&pins, "libxml2 b", 1);
	put(&pins, "zlib base", 2);
	put(&pins, "libxml2 a", 3);
	assert_int_equal(pins.n, 2);
	assert_int_equal(pins_find(&pins, "libxml2")->line, 3);
	assert_done(pins_describe(pins_find(&pins, "libxml2"), &text, &error), &error);
	assert_string_equal(text, "pinned at (a) by /etc/p.conf");
	put(&pins, "", 4);
	assert_null(pins_find(&pins, "libxml2"));
	assert_null(pins_find(&pins, "zlib"));
}

static void refuses_what_is_no_pin_and_keeps_what_it_has(void **state)
{
	static const char *const bad[] = {"libxml2", "libxml2 ", "libxml2 A", "libxml2 a b", "../x a", " a",
		"libxml2 1", "libxml2 zzzz"};
	char long_name[MANIFEST_NAME_MAX + 4];
	Pins pins = {NULL, 0};
	Error error = ERROR_INIT;

	(void)state;
	put(&pins, "libxml2 b", 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(pins_put(&pins, bad[i], "etc/p.conf", 2, &error), &error, "");
	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name + sizeof(long_name) - 3, " a", 3);
	assert_fails(pins_put(&pins, long_name, "etc/p.conf", 2, &error), &error, "longer than 128 bytes");
	put(&pins, long_name + 1, 2);
	assert_int_equal(pins_find(&pins, "libxml2")->sequence, 2);
	pins_clear(&pins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_a_component_at_a_letter_or_the_base),
		cmocka_unit_test(the_later_pin_of_a_component_holds),
		cmocka_unit_test(refuses_what_is_no_pin_and_keeps_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
