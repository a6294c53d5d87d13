/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/bytes.h"

#include "base/test.h"

static void grows_and_stays_a_string(void **state)
{
	CLEANUP_BUFFER Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(buffer_append(&buffer, NULL, 0, &error), &error);
	assert_string_equal((const char *)buffer.data, "");
	for (int i = 0; i < 1000; i++)
		assert_done(buffer_append(&buffer, "0123456789", 10, &error), &error);
	assert_int_equal(buffer.size, 10000);
	assert_int_equal(strlen((char *)buffer.data), 10000);
	assert_memory_equal(buffer.data + 9990, "0123456789", 10);
	buffer_clear(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.size, 0);
	buffer_clear(&buffer);
}

static void makes_room_without_changing_the_content(void **state)
{
	CLEANUP_BUFFER Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(buffer_append(&buffer, "x", 1, &error), &error);
	assert_done(buffer_reserve(&buffer, 100000, &error), &error);
	assert_int_equal(buffer.size, 1);
	assert_true(buffer.capacity > 100001);
	memset(buffer.data + 1, 'y', 100000);
}

static void refuses_sizes_that_wrap(void **state)
{
	CLEANUP_BUFFER Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(buffer_reserve(&buffer, SIZE_MAX, &error), &error, "out of memory");
	assert_fails(buffer_reserve(&buffer, SIZE_MAX / 2 + 1, &error), &error, "out of memory");
	assert_done(buffer_append(&buffer, "abc", 3, &error), &error);
	assert_fails(buffer_reserve(&buffer, SIZE_MAX - 2, &error), &error, "out of memory");
	assert_string_equal((const char *)buffer.data, "abc");
}

static void cuts_back_but_never_forward(void **state)
{
	CLEANUP_BUFFER Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	buffer_cut(&buffer, 0);
	buffer_cut(&buffer, 10);
	assert_int_equal(buffer.size, 0);
	assert_done(buffer_append(&buffer, "abcdef", 6, &error), &error);
	buffer_cut(&buffer, 7);
	assert_int_equal(buffer.size, 6);
	buffer_cut(&buffer, 2);
	assert_int_equal(buffer.size, 2);
	assert_string_equal((const char *)buffer.data, "ab");
}

static void writes_formats_and_numbers(void **state)
{
	CLEANUP_BUFFER Buffer buffer = BUFFER_INIT;
	Error error = ERROR_INIT;
	static const uint8_t expected[] = {'a', '7', 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1};

	(void)state;
	assert_done(buffer_append_format(&buffer, &error, "%s%d", "a", 7), &error);
	assert_done(buffer_append_u32(&buffer, 0x01020304, &error), &error);
	assert_done(buffer_append_u64(&buffer, 0x0102030405060708, &error), &error);
	assert_true(bytes_equal(buffer_bytes(&buffer), (Bytes){expected, sizeof(expected)}));
}

static void reads_back_what_was_written(void **state)
{
	static const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xff};
	Reader reader = {.bytes = {raw, sizeof(raw)}};
	Error error = ERROR_INIT;
	uint8_t a = 0;
	uint16_t b = 0;
	uint32_t c = 0;
	uint64_t d = 0;
	Bytes rest;

	(void)state;
	assert_done(reader_u8(&reader, &a, &error), &error);
	assert_done(reader_u16(&reader, &b, &error), &error);
	assert_done(reader_u32(&reader, &c, &error), &error);
	assert_done(reader_u64(&reader, &d, &error), &error);
	assert_int_equal(a, 1);
	assert_int_equal(b, 0x0302);
	assert_int_equal(c, 0x07060504);
	assert_int_equal(d, 0x0f0e0d0c0b0a0908);
	assert_int_equal(reader_left(&reader), 1);
	assert_done(reader_take(&reader, 1, &rest, &error), &error);
	assert_int_equal(rest.data[0], 0xff);
	assert_done(reader_take(&reader, 0, &rest, &error), &error);
	assert_int_equal(rest.size, 0);
}

/* A reader that failed stays where it was, and its output is untouched. */
static void never_reads_past_the_end(void **state)
{
	static const uint8_t raw[] = {1, 2, 3};
	Reader reader = {.bytes = {raw, sizeof(raw)}, .at = 2};
	Error error = ERROR_INIT;
	uint8_t a = 99;
	uint16_t b = 99;
	uint32_t c = 99;
	uint64_t d = 99;
	Bytes rest = {NULL, 99};

	(void)state;
	assert_fails(
		reader_u16(&reader, &b, &error), &error, "ends at byte 3, where 1 more bytes are needed");
	assert_fails(reader_u32(&reader, &c, &error), &error, "where 3 more");
	assert_fails(reader_u64(&reader, &d, &error), &error, "where 7 more");
	assert_fails(reader_take(&reader, SIZE_MAX, &rest, &error), &error, "ends at byte 3");
	assert_int_equal(reader.at, 2);
	assert_done(reader_u8(&reader, &a, &error), &error);
	assert_fails(reader_u8(&reader, &a, &error), &error, "ends at byte 3");
	assert_int_equal(a, 3);
	assert_int_equal(b, 99);
	assert_int_equal(c, 99);
	assert_int_equal(d, 99);
	assert_int_equal(rest.size, 99);
}

static void writes_and_reads_hexadecimal(void **state)
{
	static const uint8_t raw[] = {0x00, 0x9f, 0xa0, 0xff};
	uint8_t back[4] = {0};
	Error error = ERROR_INIT;
	char hex[9];

	(void)state;
	hex_encode(raw, sizeof(raw), hex);
	assert_string_equal(hex, "009fa0ff");
	assert_done(hex_decode("009FA0fF", back, sizeof(back), &error), &error);
	assert_memory_equal(back, raw, sizeof(raw));
	hex_encode(raw, 0, hex);
	assert_string_equal(hex, "");
	assert_done(hex_decode("", back, 0, &error), &error);
}

static void refuses_what_is_not_hexadecimal(void **state)
{
	static const char *const texts[] = {
		"", "0", "009fa0f", "009fa0fg", "0 9fa0ff", "-09fa0ff", "009fa0\xff\xff"};
	uint8_t back[4];
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_fails(hex_decode(texts[i], back, sizeof(back), &error), &error,
			"is not 8 hexadecimal digits");
	assert_fails(hex_decode("009fa0ff0", back, sizeof(back), &error), &error, "is longer than 8");
}

static void compares_views(void **state)
{
	(void)state;
	assert_true(bytes_equal(bytes_of_text("abc"), bytes_of_text("abc")));
	assert_false(bytes_equal(bytes_of_text("abc"), bytes_of_text("abd")));
	assert_false(bytes_equal(bytes_of_text("abc"), bytes_of_text("ab")));
	assert_true(bytes_equal((Bytes){NULL, 0}, bytes_of_text("")));
}

static void finds_ranges_that_leave_without_wrapping(void **state)
{
	(void)state;
	assert_true(range_within(0, 0, 0));
	assert_true(range_within(10, 0, 10));
	assert_true(range_within(3, 7, 10));
	assert_true(range_within(0, UINT64_MAX, UINT64_MAX));
	assert_false(range_within(3, 8, 10));
	assert_false(range_within(11, 0, 10));
	assert_false(range_within(UINT64_MAX, 2, 10));
	assert_false(range_within(2, UINT64_MAX, 10));
	assert_false(range_within(UINT64_MAX, UINT64_MAX, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_stays_a_string),
		cmocka_unit_test(makes_room_without_changing_the_content),
		cmocka_unit_test(refuses_sizes_that_wrap),
		cmocka_unit_test(cuts_back_but_never_forward),
		cmocka_unit_test(writes_formats_and_numbers),
		cmocka_unit_test(reads_back_what_was_written),
		cmocka_unit_test(never_reads_past_the_end),
		cmocka_unit_test(writes_and_reads_hexadecimal),
		cmocka_unit_test(refuses_what_is_not_hexadecimal),
		cmocka_unit_test(compares_views),
		cmocka_unit_test(finds_ranges_that_leave_without_wrapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
