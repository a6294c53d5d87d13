/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/kept-off.h"

#include <stdio.h>

#include "base/test.h"

static Manifest letter(const char *component, const char *base_version, unsigned sequence)
{
	return (Manifest){.component = (char *)(uintptr_t)component,
		.base_version = (char *)(uintptr_t)base_version,
		.sequence = sequence};
}

static void keeps_off_this_letter_and_earlier_ones_on_this_base(void **userdata)
{
	KeptOff kept = {NULL, 0};
	Manifest b = letter("libx", "1.0", 2);
	Error error = ERROR_INIT;

	(void)userdata;
	assert_done(kept_off_put(&kept, &b, &error), &error);
	assert_true(kept_off_covers(&kept, &b));
	assert_true(kept_off_covers(
		&kept, &(Manifest){.component = b.component, .base_version = b.base_version, .sequence = 1}));
	assert_false(kept_off_covers(
		&kept, &(Manifest){.component = b.component, .base_version = b.base_version, .sequence = 3}));
	b = letter("libx", "1.1", 1);
	assert_false(kept_off_covers(&kept, &b));
	b = letter("liby", "1.0", 1);
	assert_false(kept_off_covers(&kept, &b));
	kept_off_clear(&kept);
}

static void what_was_asked_for_is_welcome_and_what_is_newer_changes_nothing(void **userdata)
{
	KeptOff kept = {NULL, 0};
	Manifest a = letter("libx", "1.0", 1), b = letter("libx", "1.0", 2);
	Error error = ERROR_INIT;

	(void)userdata;
	assert_done(kept_off_put(&kept, &a, &error), &error);
	kept_off_welcome(&kept, &b);
	assert_true(kept_off_covers(&kept, &a));
	kept_off_welcome(&kept, &a);
	assert_int_equal(kept.n, 0);
	kept_off_clear(&kept);
}

static void holds_each_component_once_and_forgets_the_oldest_of_too_many(void **userdata)
{
	KeptOff kept = {NULL, 0};
	Error error = ERROR_INIT;

	(void)userdata;
	for (unsigned i = 0; i < 2000; i++) {
		char name[16];
		Manifest manifest = letter(name, "1.0", 1);

		(void)snprintf(name, sizeof(name), "lib%u", i / 2);
		assert_done(kept_off_put(&kept, &manifest, &error), &error);
	}
	assert_int_equal(kept.n, 1000);
	for (unsigned i = 1000; i < 1100; i++) {
		char name[16];
		Manifest manifest = letter(name, "1.0", 1);

		(void)snprintf(name, sizeof(name), "lib%u", i);
		assert_done(kept_off_put(&kept, &manifest, &error), &error);
	}
	assert_int_equal(kept.n, 1024);
	assert_string_equal(kept.items[0].component, "lib76");
	kept_off_clear(&kept);
}

static void reads_back_what_it_wrote_and_refuses_the_rest(void **userdata)
{
	static const char *const bad[] = {
		"[{}]",
		"[{\"component\": \"libx\", \"letter\": \"a\"}]",
		"[{\"component\": \"libx\", \"letter\": \"A1\", \"base_version\": \"1\"}]",
		"[7]",
	};
	KeptOff kept = {NULL, 0}, again = {NULL, 0};
	Manifest c = letter("libx", "1.0", 3);
	json_t *array = NULL;
	Error error = ERROR_INIT;

	(void)userdata;
	assert_done(kept_off_put(&kept, &c, &error), &error);
	assert_done(kept_off_to_json(&kept, &array, &error), &error);
	assert_done(kept_off_from_json(array, &again, &error), &error);
	assert_int_equal(again.n, 1);
	assert_true(kept_off_covers(&again, &c));
	json_decref(array);
	kept_off_clear(&kept);
	kept_off_clear(&again);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		array = json_loads(bad[i], 0, NULL);
		assert_non_null(array);
		assert_fails(kept_off_from_json(array, &again, &error), &error, "kept_off");
		json_decref(array);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_off_this_letter_and_earlier_ones_on_this_base),
		cmocka_unit_test(what_was_asked_for_is_welcome_and_what_is_newer_changes_nothing),
		cmocka_unit_test(holds_each_component_once_and_forgets_the_oldest_of_too_many),
		cmocka_unit_test(reads_back_what_it_wrote_and_refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
