/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/suffix.h"

#include "base/test.h"

static size_t find(const char *text, const char *what, size_t wish, size_t *ret_at)
{
	CLEANUP(suffix_free) Suffix *suffix = NULL;
	Error error = ERROR_INIT;
	size_t found, length;

	assert_done(suffix_new(bytes_of_text(text), &suffix, &error), &error);
	length = suffix_find(suffix, bytes_of_text(what), &found);
	if (length > 0)
		*ret_at = suffix_near(suffix, found, (Bytes){bytes_of_text(what).data, length}, wish);
	return length;
}

static void finds_the_longest_beginning(void **state)
{
	size_t at;

	(void)state;
	assert_int_equal(find("the cat, the cart, the car", "the cartoon", 0, &at), 8);
	assert_int_equal(at, 9);
	assert_int_equal(find("abc", "xyz", 0, &at), 0);
	assert_int_equal(find("abc", "abcd", 0, &at), 3);
	assert_int_equal(find("abc", "c", 0, &at), 1);
	assert_int_equal(at, 2);
}

static void prefers_the_place_near_the_wish(void **state)
{
	size_t at;

	(void)state;
	assert_int_equal(find("again and again and again", "again", 11, &at), 5);
	assert_int_equal(at, 10);
	assert_int_equal(find("again and again and again", "again", 99, &at), 5);
	assert_int_equal(at, 20);
}

static void finds_nothing_in_nothing(void **state)
{
	size_t at;

	(void)state;
	assert_int_equal(find("", "a", 0, &at), 0);
	assert_int_equal(find("a", "", 0, &at), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_longest_beginning),
		cmocka_unit_test(prefers_the_place_near_the_wish),
		cmocka_unit_test(finds_nothing_in_nothing),
	};

	return cmocka_run_group_tests_name("suffix", tests, NULL, NULL);
}
