/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

static uint32_t random_state;

static uint8_t next_random(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint8_t)(random_state >> 24);
}

static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = next_random();
}

static uint32_t find(Bytes old, Bytes new, unsigned workers, Block **ret)
{
	CLEANUP(suffix_free) Suffix *suffix = NULL;
	Error error = ERROR_INIT;
	MatchJob job = {.old = old, .new = new, .better = 8, .workers = workers};
	uint32_t n = 0;

	assert_done(suffix_new(old, &suffix, &error), &error);
	job.suffix = suffix;
	assert_done(match_find(&job, ret, &n, &error), &error);
	return n;
}

static void finds_where_stretches_have_moved_to(void **state)
{
	CLEANUP_FREE Block *blocks = NULL;
	uint8_t old[2000], new[2000];

	(void)state;
	random_state = 1;
	fill(old, sizeof(old));
	memcpy(new, old + 1000, 1000);
	memcpy(new + 1000, old, 1000);
	assert_int_equal(find((Bytes){old, sizeof(old)}, (Bytes){new, sizeof(new)}, 1, &blocks), 2);
	assert_int_equal(blocks[0].at, 0);
	assert_int_equal(blocks[0].old, 1000);
	assert_int_equal(blocks[0].length, 1000);
	assert_int_equal(blocks[1].at, 1000);
	assert_int_equal(blocks[1].old, 0);
	assert_int_equal(blocks[1].length, 1000);
}

static void goes_on_over_single_differences(void **state)
{
	CLEANUP_FREE Block *blocks = NULL;
	uint8_t old[2000], new[2000];

	(void)state;
	random_state = 2;
	fill(old, sizeof(old));
	memcpy(new, old, sizeof(new));
	for (size_t i = 50; i < sizeof(new); i += 100)
		new[i] ^= 0x55;
	assert_int_equal(find((Bytes){old, sizeof(old)}, (Bytes){new, sizeof(new)}, 1, &blocks), 1);
	assert_int_equal(blocks[0].length, sizeof(new));
}

static void makes_no_block_of_what_has_little_in_common(void **state)
{
	CLEANUP_FREE Block *blocks = NULL;
	uint8_t old[2000], new[2000];

	(void)state;
	random_state = 3;
	fill(old, sizeof(old));
	fill(new, sizeof(new));
	assert_int_equal(find((Bytes){old, sizeof(old)}, (Bytes){new, sizeof(new)}, 1, &blocks), 0);
}

static void finds_nothing_in_nothing(void **state)
{
	static const uint8_t some[100];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		CLEANUP_FREE Block *blocks = NULL;
		Bytes old = {some, i == 1 ? sizeof(some) : 0}, new = {some, i == 2 ? sizeof(some) : 0};

		assert_int_equal(find(old, new, 0, &blocks), 0);
	}
}

/* Stretches of all lengths that are the same, are new, or have moved; some across the borders of pieces. */
static void change(uint8_t *new, const uint8_t *old, size_t size)
{
	size_t at = 0;

	memcpy(new, old, size);
	while (at < size) {
		size_t length = (size_t)next_random() << next_random() % 6;
		size_t from = ((size_t)next_random() << 8 | next_random()) % size;

		length = length < size - at ? length : size - at;
		length = length < size - from ? length : size - from;
		if (next_random() % 4 == 0)
			fill(new + at, length < 300 ? length : 300);
		else if (next_random() % 2 == 0)
			memcpy(new + at, old + from, length);
		at += length + 1;
	}
}

static void finds_the_same_with_any_number_of_threads(void **state)
{
	enum { SIZE = 1 << 20 | 12345 };
	CLEANUP_FREE uint8_t *old = malloc(SIZE);
	CLEANUP_FREE uint8_t *new = malloc(SIZE);
	CLEANUP_FREE Block *alone = NULL;
	uint32_t n;

	(void)state;
	assert_true(old && new);
	random_state = 4;
	fill(old, SIZE);
	/* Much is there several times. */
	memcpy(old + SIZE / 2, old, SIZE / 3);
	memset(old + SIZE / 8, 0, SIZE / 8);
	change(new, old, SIZE);
	n = find((Bytes){old, SIZE}, (Bytes){new, SIZE}, 1, &alone);
	assert_true(n > 100);
	for (unsigned workers = 2; workers < 6; workers++) {
		CLEANUP_FREE Block *blocks = NULL;

		assert_int_equal(find((Bytes){old, SIZE}, (Bytes){new, SIZE}, workers, &blocks), n);
		assert_memory_equal(blocks, alone, n * sizeof(*blocks));
	}
}

/* Where nothing is found, the searches of the pieces never meet. */
static void finds_what_comes_behind_pieces_without_a_match(void **state)
{
	enum { SIZE = 1 << 20, COPIED = 1000 };
	CLEANUP_FREE uint8_t *new = malloc(SIZE);
	uint8_t old[COPIED];

	(void)state;
	assert_non_null(new);
	random_state = 5;
	fill(old, COPIED);
	fill(new, SIZE);
	memcpy(new + SIZE - COPIED, old, COPIED);
	for (unsigned workers = 1; workers < 4; workers++) {
		CLEANUP_FREE Block *blocks = NULL;

		assert_int_equal(find((Bytes){old, COPIED}, (Bytes){new, SIZE}, workers, &blocks), 1);
		assert_int_equal(blocks[0].at, SIZE - COPIED);
		assert_int_equal(blocks[0].length, COPIED);
	}
}

typedef struct Told {
	uint64_t done;
	unsigned times;
} Told;

static void tell(void *userdata, uint64_t done, uint64_t total)
{
	Told *told = userdata;

	assert_true(done > told->done && done <= total);
	told->done = done;
	told->times++;
	assert_true(told->times < total || done == total);
}

static void tells_how_far_it_is_up_to_the_end(void **state)
{
	enum { SIZE = 1 << 20 };
	CLEANUP_FREE uint8_t *bytes = malloc(SIZE);
	CLEANUP(suffix_free) Suffix *suffix = NULL;
	MatchJob job = {.old = {bytes, SIZE}, .new = {bytes, SIZE}, .better = 8, .progress = tell};

	(void)state;
	assert_non_null(bytes);
	fill(bytes, SIZE);
	assert_int_equal(suffix_new(job.old, &suffix, NULL), 0);
	job.suffix = suffix;
	for (job.workers = 1; job.workers < 4; job.workers++) {
		CLEANUP_FREE Block *blocks = NULL;
		Told told = {0, 0};
		uint32_t n;

		job.userdata = &told;
		assert_int_equal(match_find(&job, &blocks, &n, NULL), 0);
		assert_true(told.times > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_where_stretches_have_moved_to),
		cmocka_unit_test(goes_on_over_single_differences),
		cmocka_unit_test(makes_no_block_of_what_has_little_in_common),
		cmocka_unit_test(finds_nothing_in_nothing),
		cmocka_unit_test(finds_the_same_with_any_number_of_threads),
		cmocka_unit_test(finds_what_comes_behind_pieces_without_a_match),
		cmocka_unit_test(tells_how_far_it_is_up_to_the_end),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
