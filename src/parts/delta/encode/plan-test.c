/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/encode/plan.h"
#include "parts/delta/format/segment.h"

static void fill(uint8_t *data, size_t size, uint32_t random)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
}

/* Pieces must cover the result, and be what they say they are. */
static void make_plan(const DiffSource *sources, size_t n_sources, Bytes result, const DiffExtent *extents,
	size_t n_extents, Plan *ret)
{
	Error error = ERROR_INIT;
	uint64_t end = 0;

	assert_done(plan_make(sources, n_sources, result, extents, n_extents, ret, &error), &error);
	for (size_t i = 0; i < ret->count; i++) {
		const Piece *piece = &ret->pieces[i];
		const uint8_t *bytes = result.data + piece->offset;

		assert_int_equal(piece->offset, end);
		assert_true(piece->length > 0);
		end += piece->length;
		if (piece->kind == PIECE_COPY)
			assert_memory_equal(bytes,
				sources[piece->source].bytes.data + piece->offset_in_source, piece->length);
		if (piece->kind == PIECE_ZEROS)
			assert_true(bytes[0] == 0 && memcmp(bytes, bytes + 1, piece->length - 1) == 0);
		if (piece->kind == PIECE_DIFF)
			assert_true(piece->length <= SEGMENT_PACKED_MAX);
	}
	assert_int_equal(end, result.size);
}

static void unchanged_ends_are_copied(void **state)
{
	static uint8_t old[30000], new_bytes[30003];
	const DiffSource source = {".", {old, sizeof(old)}};
	const DiffExtent extent = {0, sizeof(new_bytes), 0};
	CLEANUP(plan_clear) Plan plan = {.pieces = NULL};

	(void)state;
	fill(old, sizeof(old), 1);
	memcpy(new_bytes, old, 10000);
	memset(new_bytes + 10000, 0xee, 10);
	memcpy(new_bytes + 10010, old + 10007, 19993);
	make_plan(&source, 1, (Bytes){new_bytes, sizeof(new_bytes)}, &extent, 1, &plan);
	assert_int_equal(plan.count, 3);
	assert_int_equal(plan.pieces[0].kind, PIECE_COPY);
	assert_int_equal(plan.pieces[1].kind, PIECE_DIFF);
	assert_true(plan.pieces[1].length <= 10);
	assert_int_equal(plan.pieces[2].kind, PIECE_COPY);
	assert_int_equal(plan.pieces[2].offset_in_source + plan.pieces[2].length, sizeof(old));
}

/* The suffix must not take what the prefix has taken already. */
static void overlapping_ends_are_copied_once(void **state)
{
	static uint8_t old[20000], new_bytes[40000];
	const DiffSource source = {".", {old, sizeof(old)}};
	DiffExtent extent = {0, sizeof(new_bytes), 0};
	CLEANUP(plan_clear) Plan longer = {.pieces = NULL};
	CLEANUP(plan_clear) Plan shorter = {.pieces = NULL};

	(void)state;
	memset(old, 'x', sizeof(old));
	memset(new_bytes, 'x', sizeof(new_bytes));
	make_plan(&source, 1, (Bytes){new_bytes, sizeof(new_bytes)}, &extent, 1, &longer);
	extent.length = 10000;
	make_plan(&source, 1, (Bytes){new_bytes, 10000}, &extent, 1, &shorter);
	assert_int_equal(shorter.count, 1);
}

static void long_zeros_stand_alone(void **state)
{
	enum { SIZE = 10 * 1000 * 1000 };
	CLEANUP_FREE uint8_t *bytes = calloc(SIZE, 1);
	CLEANUP(plan_clear) Plan plan = {.pieces = NULL};

	(void)state;
	assert_non_null(bytes);
	fill(bytes, 1000, 1);
	fill(bytes + 3000000, 1000000, 2);
	make_plan(NULL, 0, (Bytes){bytes, SIZE}, NULL, 0, &plan);
	assert_int_equal(plan.count, 4);
	assert_int_equal(plan.pieces[0].kind, PIECE_DIFF);
	assert_int_equal(plan.pieces[1].kind, PIECE_ZEROS);
	assert_int_equal(plan.pieces[2].kind, PIECE_DIFF);
	assert_int_equal(plan.pieces[3].kind, PIECE_ZEROS);
}

static void what_has_no_source_is_gathered(void **state)
{
	static uint8_t old[5000], new_bytes[30000];
	const DiffSource sources[] = {{"a", {old, sizeof(old)}}, {"empty", {NULL, 0}}};
	const DiffExtent extents[] = {
		{100, 5000, SIZE_MAX},
		{6000, 5000, 1},
		{12000, 5000, 0},
		{20000, 0, 0},
		{20000, 5000, SIZE_MAX},
	};
	CLEANUP(plan_clear) Plan plan = {.pieces = NULL};

	(void)state;
	fill(old, sizeof(old), 1);
	fill(new_bytes, sizeof(new_bytes), 2);
	make_plan(sources, 2, (Bytes){new_bytes, sizeof(new_bytes)}, extents, 5, &plan);
	assert_int_equal(plan.count, 3);
	assert_int_equal(plan.pieces[0].source, SIZE_MAX);
	assert_int_equal(plan.pieces[0].length, 12000);
	assert_int_equal(plan.pieces[1].source, 0);
	assert_int_equal(plan.pieces[1].length, 5000);
	assert_int_equal(plan.pieces[2].source, SIZE_MAX);
}

static void an_empty_result_has_no_pieces(void **state)
{
	CLEANUP(plan_clear) Plan plan = {.pieces = NULL};

	(void)state;
	make_plan(NULL, 0, (Bytes){NULL, 0}, NULL, 0, &plan);
	assert_int_equal(plan.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged_ends_are_copied),
		cmocka_unit_test(overlapping_ends_are_copied_once),
		cmocka_unit_test(long_zeros_stand_alone),
		cmocka_unit_test(what_has_no_source_is_gathered),
		cmocka_unit_test(an_empty_result_has_no_pieces),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
