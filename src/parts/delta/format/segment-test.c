/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "parts/delta/format/segment.h"

static char source_name[] = "old";
static DeltaSource one_source = {source_name, 1000, {{0}}};
static const DeltaHeader header = {.sources = &one_source, .n_sources = 1};

static const Segment samples[] = {
	{.kind = SEGMENT_STORED, .length = 3, .payload = {(const uint8_t *)"abc", 3}},
	{.kind = SEGMENT_ZEROS, .length = 4ull << 30},
	{.kind = SEGMENT_COPY, .length = 300, .offset = 700, .window = 300},
	{.kind = SEGMENT_PACKED, .length = SEGMENT_PACKED_MAX, .payload = {(const uint8_t *)"frame", 5}},
	{.kind = SEGMENT_PREFIXED,
		.length = 200,
		.offset = 128,
		.window = 127,
		.payload = {(const uint8_t *)"frame", 5}},
};

static void reads_what_it_wrote(void **state)
{
	CLEANUP_BUFFER Buffer body = BUFFER_INIT;
	Error error = ERROR_INIT;
	Reader reader;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		assert_done(segment_write(&samples[i], &body, &error), &error);
	reader = (Reader){buffer_bytes(&body), 0};
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		Segment segment;

		assert_done(segment_read(&reader, &header, UINT64_MAX, &segment, &error), &error);
		assert_int_equal(segment.kind, samples[i].kind);
		assert_int_equal(segment.length, samples[i].length);
		assert_int_equal(segment.source, samples[i].source);
		assert_int_equal(segment.offset, samples[i].offset);
		assert_int_equal(segment.window, samples[i].window);
		assert_true(bytes_equal(segment.payload, samples[i].payload));
	}
	assert_int_equal(reader_left(&reader), 0);
}

static void refuses_a_segment_that_ends_at_any_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		CLEANUP_BUFFER Buffer body = BUFFER_INIT;
		Error error = ERROR_INIT;
		Segment segment;

		assert_done(segment_write(&samples[i], &body, &error), &error);
		for (size_t size = 0; size < body.size; size++) {
			Reader reader = {{body.data, size}, 0};

			assert_fails(segment_read(&reader, &header, UINT64_MAX, &segment, &error), &error,
				"the delta is damaged");
		}
	}
}

static void expect_refusal(const Segment *bad, uint64_t result_left, const char *sentence)
{
	CLEANUP_BUFFER Buffer body = BUFFER_INIT;
	Error error = ERROR_INIT;
	Segment segment;
	Reader reader;

	assert_done(segment_write(bad, &body, &error), &error);
	reader = (Reader){buffer_bytes(&body), 0};
	assert_fails(segment_read(&reader, &header, result_left, &segment, &error), &error, sentence);
}

static void refuses_what_lies_outside(void **state)
{
	Segment bad;

	(void)state;
	bad = samples[0];
	expect_refusal(&bad, 2, "3 bytes where 2 are left");
	bad = (Segment){.kind = SEGMENT_ZEROS, .length = 0};
	expect_refusal(&bad, 9, "0 bytes where 9 are left");
	bad = samples[3];
	bad.length++;
	expect_refusal(&bad, UINT64_MAX, "compressed segment of 4194305 bytes");
	bad = samples[2];
	bad.offset = 701;
	expect_refusal(&bad, UINT64_MAX, "behind the end of the old file");
	bad.offset = UINT64_MAX;
	expect_refusal(&bad, UINT64_MAX, "behind the end of the old file");
	bad.source = 1;
	expect_refusal(&bad, UINT64_MAX, "old file 1 of 1");
	bad = samples[4];
	bad.window = 0;
	expect_refusal(&bad, UINT64_MAX, "empty prefix");
	bad.window = 873;
	expect_refusal(&bad, UINT64_MAX, "behind the end of the old file");
}

static void expect_bytes_refused(Bytes bytes, const char *sentence)
{
	Reader reader = {bytes, 0};
	Error error = ERROR_INIT;
	Segment segment;

	assert_fails(segment_read(&reader, &header, UINT64_MAX, &segment, &error), &error, sentence);
}

static void refuses_numbers_that_wrap_or_have_another_form(void **state)
{
	static const uint8_t wraps[] = {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
	static const uint8_t endless[] = {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
	static const uint8_t padded[] = {1, 0x81, 0};
	static const uint8_t kind[] = {5, 1, 0};

	(void)state;
	expect_bytes_refused((Bytes){wraps, sizeof(wraps)}, "does not end a number");
	expect_bytes_refused((Bytes){endless, sizeof(endless)}, "does not end a number");
	expect_bytes_refused((Bytes){padded, sizeof(padded)}, "does not end a number");
	expect_bytes_refused((Bytes){kind, sizeof(kind)}, "unknown kind 5");
}

static void reads_the_largest_number(void **state)
{
	static const uint8_t largest[] = {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
	Reader reader = {{largest, sizeof(largest)}, 0};
	Error error = ERROR_INIT;
	Segment segment;

	(void)state;
	assert_done(segment_read(&reader, &header, UINT64_MAX, &segment, &error), &error);
	assert_true(segment.length == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(refuses_a_segment_that_ends_at_any_byte),
		cmocka_unit_test(refuses_what_lies_outside),
		cmocka_unit_test(refuses_numbers_that_wrap_or_have_another_form),
		cmocka_unit_test(reads_the_largest_number),
	};

	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
