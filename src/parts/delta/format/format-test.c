/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/format/format.h"

static char name_a[] = "usr/bin/a";
static char name_b[] = "usr/lib/b.so.1";

/* A delta with two sources and a body of three bytes. */
static void make_sample(Buffer *ret)
{
	DeltaSource sources[] = {
		{name_a, 12, {{1}}},
		{name_b, 345678, {{2}}},
	};
	const DeltaHeader header = {
		.kind = DELTA_KIND_TREE,
		.method = DELTA_METHOD_BODY,
		.sources = sources,
		.n_sources = 2,
		.result_size = 99,
		.result_digest = {{3}},
		.body_size = 3,
	};
	Error error = ERROR_INIT;

	assert_done(delta_header_write(&header, ret, &error), &error);
	assert_done(buffer_append(ret, "abc", 3, &error), &error);
}

static void reads_what_it_wrote(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Error error = ERROR_INIT;

	(void)state;
	make_sample(&delta);
	assert_done(delta_header_parse(buffer_bytes(&delta), &header, &error), &error);
	assert_int_equal(header.kind, DELTA_KIND_TREE);
	assert_int_equal(header.n_sources, 2);
	assert_string_equal(header.sources[1].name, name_b);
	assert_int_equal(header.sources[1].size, 345678);
	assert_int_equal(header.sources[0].digest.bytes[0], 1);
	assert_int_equal(header.result_size, 99);
	assert_int_equal(header.result_digest.bytes[0], 3);
	assert_int_equal(header.body_size, 3);
	assert_int_equal(header.size + 3, delta.size);
}

static void refuses_a_delta_that_ends_at_any_byte(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;

	(void)state;
	make_sample(&delta);
	for (size_t size = 0; size < delta.size; size++) {
		DeltaHeader header = {.n_sources = 77};
		/* A copy of just this size, so that the sanitizer sees a read behind the end. */
		CLEANUP_FREE uint8_t *copy = malloc(size ? size : 1);
		Error error = ERROR_INIT;

		assert_non_null(copy);
		memcpy(copy, delta.data, size);
		assert_fails(delta_header_parse((Bytes){copy, size}, &header, &error), &error, "delta");
		assert_int_equal(header.n_sources, 77);
	}
}

static void refuses_bytes_behind_the_body(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	DeltaHeader header;
	Error error = ERROR_INIT;

	(void)state;
	make_sample(&delta);
	assert_done(buffer_append(&delta, "x", 1, &error), &error);
	assert_fails(delta_header_parse(buffer_bytes(&delta), &header, &error), &error, "should have 3");
}

static void survives_a_changed_byte_anywhere(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;

	(void)state;
	make_sample(&delta);
	for (size_t i = 0; i < delta.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			DeltaHeader header = {.sources = NULL};

			delta.data[i] ^= (uint8_t)(1u << bit);
			if (delta_header_parse(buffer_bytes(&delta), &header, NULL) == 0)
				delta_header_clear(&header);
			delta.data[i] ^= (uint8_t)(1u << bit);
		}
	}
}

/* Writes size bytes of 0xff over a sample's field and expects the sentence. */
static void expect_refusal(size_t at, size_t size, const char *sentence)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	DeltaHeader header;
	Error error = ERROR_INIT;

	make_sample(&delta);
	memset(delta.data + at, 0xff, size);
	assert_fails(delta_header_parse(buffer_bytes(&delta), &header, &error), &error, sentence);
}

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	expect_refusal(0, 1, "not a delta");
	expect_refusal(8, 2, "version 65535");
	expect_refusal(10, 1, "unknown kind 255");
	expect_refusal(11, 1, "method 255");
}

static void refuses_sizes_beyond_the_bounds_before_allocating(void **state)
{
	(void)state;
	expect_refusal(12, 4, "header claims 4294967295 bytes");
	expect_refusal(16, 8, "result has 18446744073709551615 bytes");
	expect_refusal(56, 8, "should have 18446744073709551615");
	expect_refusal(64, 4, "4294967295 old files");
	expect_refusal(64, 1, "no room for its 255 old files");
	expect_refusal(68, 2, "ends at byte");
	expect_refusal(68 + 2 + 9, 8, "18446744073709551615 bytes, more than");
}

/* Both directions refuse the names: what must not be read must not be written either. */
static void expect_bad_names(const char *first, const char *second, const char *sentence)
{
	CLEANUP_FREE char *a = strdup(first);
	CLEANUP_FREE char *b = strdup(second ? second : "");
	DeltaSource sources[] = {{.name = a}, {.name = b}};
	const DeltaHeader header = {
		.method = DELTA_METHOD_BODY, .sources = sources, .n_sources = second ? 2 : 1};
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_fails(delta_header_write(&header, &out, &error), &error, sentence);
}

static void refuses_names_that_leave_their_directory(void **state)
{
	static const char *const names[] = {"../x", "/etc/x", "a/../x", "a//b", "..", "", "a/./b", "a\nb"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_bad_names(names[i], NULL, "safe relative path");
}

static void refuses_names_unsorted_or_twice(void **state)
{
	(void)state;
	expect_bad_names("b", "a", "not sorted");
	expect_bad_names("a", "a", "not sorted");
	expect_bad_names(".", "a", "safe relative path");
}

static void refuses_hostile_names_when_reading(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	DeltaHeader header;
	Error error = ERROR_INIT;

	(void)state;
	make_sample(&delta);
	memcpy(delta.data + 70, "../x/../y", 9);
	assert_fails(delta_header_parse(buffer_bytes(&delta), &header, &error), &error, "safe relative");
	memcpy(delta.data + 70, "usr\0bin/a", 9);
	assert_fails(delta_header_parse(buffer_bytes(&delta), &header, &error), &error, "not text");
	memcpy(delta.data + 70, "zsr/bin/a", 9);
	assert_fails(delta_header_parse(buffer_bytes(&delta), &header, &error), &error, "not sorted");
}

static void refuses_a_header_larger_than_its_bound(void **state)
{
	enum { COUNT = 9000 };
	CLEANUP_FREE DeltaSource *sources = calloc(COUNT, sizeof(*sources));
	DeltaHeader header = {.method = DELTA_METHOD_BODY, .sources = sources, .n_sources = COUNT};
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;
	char name[1021];

	(void)state;
	assert_non_null(sources);
	for (int i = 0; i < COUNT; i++) {
		memset(name, 'n', sizeof(name));
		for (size_t slash = 200; slash < sizeof(name) - 20; slash += 200)
			name[slash] = '/';
		(void)snprintf(name + 1010, 10, "%08d", i);
		assert_non_null(sources[i].name = strdup(name));
	}
	assert_fails(delta_header_write(&header, &out, &error), &error, "names of the old files take more");
	for (int i = 0; i < COUNT; i++)
		free(sources[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(refuses_a_delta_that_ends_at_any_byte),
		cmocka_unit_test(refuses_bytes_behind_the_body),
		cmocka_unit_test(survives_a_changed_byte_anywhere),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(refuses_sizes_beyond_the_bounds_before_allocating),
		cmocka_unit_test(refuses_names_that_leave_their_directory),
		cmocka_unit_test(refuses_names_unsorted_or_twice),
		cmocka_unit_test(refuses_hostile_names_when_reading),
		cmocka_unit_test(refuses_a_header_larger_than_its_bound),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
