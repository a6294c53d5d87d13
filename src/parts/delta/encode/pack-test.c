/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/pack.h"

#include <string.h>
#include <zstd.h>

#include "base/test.h"

enum { SIZE = 100000 };

static uint8_t noise[SIZE], text[SIZE];

static int fill(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < SIZE; i++) {
		noise[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
		text[i] = (uint8_t)("all work and no play "[i % 21] + i / 5000);
	}
	return 0;
}

static void wants_what_cannot_be_made_smaller(void **state)
{
	CLEANUP(pack_free) Pack *pack = NULL;

	(void)state;
	assert_int_equal(pack_new(false, &pack, NULL), 0);
	assert_true(pack_is_wanted(pack, (Bytes){noise, SIZE}));
	assert_false(pack_is_wanted(pack, (Bytes){text, SIZE}));
	/* Asking leaves nothing behind. */
	assert_int_equal(pack_bytes(pack).size, 0);
}

static void wants_all_when_there_is_too_much(void **state)
{
	CLEANUP(pack_free) Pack *pack = NULL;

	(void)state;
	assert_int_equal(pack_new(true, &pack, NULL), 0);
	assert_true(pack_is_wanted(pack, (Bytes){text, SIZE}));
}

static void expect_frame(Bytes frame, const uint8_t *expected)
{
	static uint8_t out[SIZE];

	assert_int_equal(ZSTD_decompress(out, SIZE, frame.data, frame.size), SIZE);
	assert_memory_equal(out, expected, SIZE);
}

static void puts_one_frame_behind_the_other(void **state)
{
	CLEANUP(pack_free) Pack *pack = NULL;
	uint64_t first, second;
	Bytes frames;

	(void)state;
	assert_int_equal(pack_new(true, &pack, NULL), 0);
	assert_int_equal(pack_append(pack, (Bytes){text, SIZE}, &first, NULL), 0);
	assert_int_equal(pack_append(pack, (Bytes){noise, SIZE}, &second, NULL), 0);
	frames = pack_bytes(pack);
	assert_int_equal(frames.size, first + second);
	assert_true(first < SIZE / 10 && second < SIZE + 100);
	expect_frame((Bytes){frames.data, first}, text);
	expect_frame((Bytes){frames.data + first, second}, noise);
}

static void is_empty_at_first(void **state)
{
	CLEANUP(pack_free) Pack *pack = NULL;

	(void)state;
	assert_int_equal(pack_new(false, &pack, NULL), 0);
	assert_int_equal(pack_bytes(pack).size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wants_what_cannot_be_made_smaller),
		cmocka_unit_test(wants_all_when_there_is_too_much),
		cmocka_unit_test(puts_one_frame_behind_the_other),
		cmocka_unit_test(is_empty_at_first),
	};

	return cmocka_run_group_tests_name("pack", tests, fill, NULL);
}
