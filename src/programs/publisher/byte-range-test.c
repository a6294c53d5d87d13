/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/byte-range.h"

#include "base/test.h"

static void assert_range(const char *text, uint64_t size, uint64_t start, uint64_t length)
{
	uint64_t got_start = 99, got_length = 99;

	assert_int_equal(byte_range_parse(text, size, &got_start, &got_length), 0);
	assert_int_equal(got_start, start);
	assert_int_equal(got_length, length);
}

static void assert_no_range(const char *text, uint64_t size, int condition)
{
	uint64_t start = 99, length = 99;

	assert_int_equal(byte_range_parse(text, size, &start, &length), condition);
	assert_int_equal(start, 99);
	assert_int_equal(length, 99);
}

static void reads_the_three_forms(void **state)
{
	(void)state;
	assert_range("bytes=0-0", 10, 0, 1);
	assert_range("bytes=2-5", 10, 2, 4);
	assert_range("Bytes=9-9", 10, 9, 1);
	assert_range("bytes=3-", 10, 3, 7);
	assert_range("bytes=-4", 10, 6, 4);
	assert_range("bytes=-0010", 10, 0, 10);
}

static void cuts_ranges_at_the_end_of_the_file(void **state)
{
	(void)state;
	assert_range("bytes=5-1000", 10, 5, 5);
	assert_range("bytes=-1000", 10, 0, 10);
	assert_range("bytes=0-99999999999999999999999999", 10, 0, 10);
	assert_range("bytes=1-", UINT64_MAX, 1, UINT64_MAX - 1);
	assert_range("bytes=0-18446744073709551615", UINT64_MAX, 0, UINT64_MAX);
}

static void tells_what_lies_outside(void **state)
{
	(void)state;
	assert_no_range("bytes=10-", 10, BYTE_RANGE_OUTSIDE);
	assert_no_range("bytes=10-20", 10, BYTE_RANGE_OUTSIDE);
	assert_no_range("bytes=99999999999999999999999999-", 10, BYTE_RANGE_OUTSIDE);
	assert_no_range("bytes=0-", 0, BYTE_RANGE_OUTSIDE);
	assert_no_range("bytes=-5", 0, BYTE_RANGE_OUTSIDE);
	assert_no_range("bytes=-0", 10, BYTE_RANGE_OUTSIDE);
}

static void ignores_nonsense_and_lists(void **state)
{
	static const char *const texts[] = {NULL, "", "bytes", "bytes=", "bytes=-", "bytes=1", "bytes=5-2",
		"bytes=0-1,3-4", "bytes= 1-2", "bytes=1-2 ", "bytes=+1-2", "bytes=0x1-2", "lines=1-2"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_no_range(texts[i], 10, BYTE_RANGE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_three_forms),
		cmocka_unit_test(cuts_ranges_at_the_end_of_the_file),
		cmocka_unit_test(tells_what_lies_outside),
		cmocka_unit_test(ignores_nonsense_and_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
