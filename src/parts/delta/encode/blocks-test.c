/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

enum { SIZE = 100000 };

static uint8_t old_bytes[SIZE], new_bytes[SIZE];

static void begin(Layout *layout, const Bytes *sources, uint32_t n)
{
	assert_int_equal(layout_begin(layout, sources, n, SIZE, NULL), 0);
}

static void cuts_where_an_old_file_ends(void **state)
{
	const Bytes sources[] = {{old_bytes, 1000}, {old_bytes, 2000}};
	const Block block = {.at = 10, .length = 1500, .old = 500};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};

	(void)state;
	begin(&layout, sources, 2);
	assert_int_equal(blocks_cut(&layout, &block, 1, NULL), 0);
	assert_int_equal(layout.n_blocks, 2);
	assert_int_equal(layout.blocks[0].length, 500);
	assert_int_equal(layout.blocks[1].old, 1000);
	assert_int_equal(layout.blocks[1].at, 510);
	assert_int_equal(layout.blocks[1].length, 1000);
}

static void splits_off_what_needs_no_change(void **state)
{
	const Bytes source = {old_bytes, SIZE};
	const Block block = {.length = SIZE};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};

	(void)state;
	memset(new_bytes, 0, SIZE);
	memset(new_bytes + 100, 1, 200);
	new_bytes[90000] = 1;
	begin(&layout, &source, 1);
	assert_int_equal(blocks_cut(&layout, &block, 1, NULL), 0);
	assert_int_equal(blocks_split_same(&layout, new_bytes, NULL), 0);
	assert_int_equal(layout.n_blocks, 3);
	assert_false(layout.blocks[0].same);
	assert_int_equal(layout.blocks[0].length, 300);
	assert_true(layout.blocks[1].same);
	assert_int_equal(layout.blocks[1].length, 90000 - 300);
	assert_false(layout.blocks[2].same);
	assert_int_equal(layout.blocks[2].at + layout.blocks[2].length, SIZE);
}

static void leaves_out_the_shortest_when_there_are_too_many(void **state)
{
	const Bytes source = {old_bytes, SIZE};
	const Block blocks[] = {{.at = 0, .length = 5}, {.at = 10, .length = 50}, {.at = 100, .length = 7},
		{.at = 200, .length = 60}};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};

	(void)state;
	begin(&layout, &source, 1);
	assert_int_equal(blocks_cut(&layout, blocks, 4, NULL), 0);
	assert_int_equal(blocks_limit(&layout, 4, NULL), 0);
	assert_int_equal(layout.n_blocks, 4);
	assert_int_equal(blocks_limit(&layout, 2, NULL), 0);
	assert_int_equal(layout.n_blocks, 2);
	assert_int_equal(layout.blocks[0].length, 50);
	assert_int_equal(layout.blocks[1].length, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_where_an_old_file_ends),
		cmocka_unit_test(splits_off_what_needs_no_change),
		cmocka_unit_test(leaves_out_the_shortest_when_there_are_too_many),
	};

	return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
