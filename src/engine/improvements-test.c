/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/improvements.h"

#include "engine/fixture.h"

static void put(Fixture *fixture, Improvements *set, const char *component, unsigned sequence)
{
	Digest digest = fixture_manifest(fixture, component, sequence);

	assert_done(improvements_put(set, fixture->store, &digest, 0, &fixture->error), &fixture->error);
}

static void holds_each_component_once_in_order(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;

	put(fixture, &set, "libz", 1);
	put(fixture, &set, "liba", 1);
	put(fixture, &set, "libm", 1);
	put(fixture, &set, "libm", 2);
	assert_int_equal(set.n, 3);
	assert_string_equal(set.items[0].manifest->component, "liba");
	assert_string_equal(set.items[1].manifest->component, "libm");
	assert_int_equal(set.items[1].manifest->sequence, 2);
	assert_string_equal(set.items[2].manifest->component, "libz");
}

static void drops_just_what_is_named(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;

	put(fixture, &set, "liba", 1);
	put(fixture, &set, "libb", 1);
	improvements_drop(&set, "libq");
	assert_int_equal(set.n, 2);
	improvements_drop(&set, "liba");
	assert_int_equal(set.n, 1);
	assert_null(improvements_find(&set, "liba"));
	assert_non_null(improvements_find(&set, "libb"));
}

static void survives_the_way_through_json(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
	CLEANUP_IMPROVEMENTS Improvements again = IMPROVEMENTS_INIT;
	CLEANUP_JSON json_t *array = NULL;

	put(fixture, &set, "libb", 3);
	put(fixture, &set, "liba", 1);
	set.items[0].installed = 1700000000;
	assert_done(improvements_to_json(&set, &array, &fixture->error), &fixture->error);
	assert_done(improvements_from_json(array, fixture->store, &again, &fixture->error), &fixture->error);
	assert_true(improvements_equal(&set, &again));
	assert_int_equal(again.items[0].installed, 1700000000);
	put(fixture, &again, "libb", 4);
	assert_false(improvements_equal(&set, &again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			holds_each_component_once_in_order, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(drops_just_what_is_named, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			survives_the_way_through_json, fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
