/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/encode/sketch.h"

enum { SIZE = 100000 };

static uint8_t files[3][SIZE];
static const DiffSource sources[] = {
	{"a", {files[0], SIZE}},
	{"b", {files[1], SIZE}},
	{"c", {files[2], SIZE}},
};

static void fill(uint8_t *data, size_t size, uint32_t random)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
}

static int enter(void **state)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(files); i++)
		fill(files[i], SIZE, i + 1);
	return sketch_new(sources, ARRAY_SIZE(sources), (Sketch **)state, NULL);
}

static int leave(void **state)
{
	(void)sketch_free(*state);
	return 0;
}

static void finds_the_file_and_the_place(void **state)
{
	uint8_t piece[20000];
	Error error = ERROR_INIT;
	uint64_t offset = 0;
	size_t source = 0;

	memcpy(piece, files[1] + 33333, sizeof(piece));
	for (size_t i = 0; i < sizeof(piece); i += 200)
		piece[i] ^= 1;
	assert_done(sketch_find(*state, (Bytes){piece, sizeof(piece)}, &source, &offset, &error), &error);
	assert_int_equal(source, 1);
	assert_int_equal(offset, 33333);
}

static void prefers_the_file_that_shares_more(void **state)
{
	uint8_t piece[30000];
	Error error = ERROR_INIT;
	uint64_t offset = 0;
	size_t source = 0;

	memcpy(piece, files[0], 10000);
	memcpy(piece + 10000, files[2] + 50000, 20000);
	assert_done(sketch_find(*state, (Bytes){piece, sizeof(piece)}, &source, &offset, &error), &error);
	assert_int_equal(source, 2);
	assert_int_equal(offset, 40000);
}

static void finds_nothing_in_what_is_new(void **state)
{
	static const uint8_t zeros[50000];
	uint8_t piece[20000];
	uint64_t offset = 77;
	size_t source = 77;

	fill(piece, sizeof(piece), 99);
	assert_int_equal(
		sketch_find(*state, (Bytes){piece, sizeof(piece)}, &source, &offset, NULL), SKETCH_NOTHING);
	assert_int_equal(
		sketch_find(*state, (Bytes){zeros, sizeof(zeros)}, &source, &offset, NULL), SKETCH_NOTHING);
	assert_int_equal(sketch_find(*state, (Bytes){NULL, 0}, &source, &offset, NULL), SKETCH_NOTHING);
	assert_int_equal(source, 77);
	assert_int_equal(offset, 77);
}

/* A window of one and the same byte hashes alike for each of the 256: none may drown the rest. */
static void padding_says_nothing(void **state)
{
	static uint8_t padded[256 * 600];
	const DiffSource source = {"padded", {padded, sizeof(padded)}};
	CLEANUP(sketch_free) Sketch *sketch = NULL;
	Error error = ERROR_INIT;
	uint64_t offset;
	size_t found;

	(void)state;
	for (size_t i = 0; i < sizeof(padded); i++)
		padded[i] = (uint8_t)(i / 600);
	assert_done(sketch_new(&source, 1, &sketch, &error), &error);
	for (size_t i = 0; i < 256; i++)
		assert_int_equal(sketch_find(sketch, (Bytes){padded + 600 * i, 600}, &found, &offset, NULL),
			SKETCH_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_the_file_and_the_place, enter, leave),
		cmocka_unit_test_setup_teardown(prefers_the_file_that_shares_more, enter, leave),
		cmocka_unit_test_setup_teardown(finds_nothing_in_what_is_new, enter, leave),
		cmocka_unit_test(padding_says_nothing),
	};

	return cmocka_run_group_tests_name("sketch", tests, NULL, NULL);
}
