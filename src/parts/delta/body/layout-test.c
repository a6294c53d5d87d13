/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/layout.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/body/recorder.h"

static const char old_text[] = "the bytes of the first old file";
static const char more_text[] = "and those of the second";
static const Bytes sources[] = {{(const uint8_t *)old_text, sizeof(old_text) - 1},
	{(const uint8_t *)more_text, sizeof(more_text) - 1}};
enum { RESULT = 100, OLD = sizeof(old_text) - 1, MORE = sizeof(more_text) - 1 };

static void write_blocks(const Block *blocks, uint32_t n, Recorder *recorder)
{
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Error error = ERROR_INIT;

	*recorder = RECORDER_WRITING;
	assert_done(layout_begin(&layout, sources, 2, RESULT, &error), &error);
	layout.blocks = calloc(n + 1, sizeof(*blocks));
	assert_non_null(layout.blocks);
	memcpy(layout.blocks, blocks, n * sizeof(*blocks));
	layout.n_blocks = n;
	/* What a writer must not do is what a reader has to notice. */
	(void)layout_code(&layout, &recorder->coder, true, &error);
	recorder_rewind(recorder);
}

static int read_blocks(Recorder *recorder, Layout *layout, Error *error)
{
	int r = layout_begin(layout, sources, 2, RESULT, error);

	return r == 0 ? layout_code(layout, &recorder->coder, false, error) : r;
}

static void reads_the_blocks_it_wrote(void **state)
{
	static const Block blocks[] = {
		{.at = 0, .length = 10, .old = 5},
		{.at = 30, .length = MORE, .old = OLD, .same = true},
		{.at = 30 + MORE, .length = 4, .old = 0},
	};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Recorder recorder;
	Error error = ERROR_INIT;

	(void)state;
	write_blocks(blocks, ARRAY_SIZE(blocks), &recorder);
	assert_done(read_blocks(&recorder, &layout, &error), &error);
	assert_int_equal(layout.n_blocks, ARRAY_SIZE(blocks));
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		assert_int_equal(layout.blocks[i].at, blocks[i].at);
		assert_int_equal(layout.blocks[i].length, blocks[i].length);
		assert_int_equal(layout.blocks[i].old, blocks[i].old);
		assert_int_equal(layout.blocks[i].same, blocks[i].same);
	}
	buffer_clear(&recorder.bits);
}

static void expect_refused(const Block *block, const char *sentence)
{
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Recorder recorder;
	Error error = ERROR_INIT;

	write_blocks(block, 1, &recorder);
	assert_fails(read_blocks(&recorder, &layout, &error), &error, sentence);
	buffer_clear(&recorder.bits);
}

static void refuses_blocks_that_lie_outside(void **state)
{
	(void)state;
	expect_refused(&(Block){.at = RESULT - 3, .length = 4, .old = 0}, "outside of the result");
	expect_refused(&(Block){.at = RESULT + 1, .length = 1, .old = 0}, "outside of the result");
	expect_refused(&(Block){.at = 0, .length = 0, .old = 0}, "outside of the result");
	expect_refused(&(Block){.at = 0, .length = UINT32_MAX, .old = 0}, "outside of the result");
	expect_refused(&(Block){.at = 0, .length = 2, .old = OLD + MORE - 1}, "outside of the old files");
	expect_refused(&(Block){.at = 0, .length = 1, .old = UINT32_MAX}, "outside of the old files");
}

static void refuses_a_block_across_two_old_files(void **state)
{
	(void)state;
	expect_refused(&(Block){.at = 0, .length = 2, .old = OLD - 1}, "outside of the old files");
}

static void refuses_files_that_are_too_large_together(void **state)
{
	const Bytes large[] = {
		{(const uint8_t *)old_text, 0x80000000u}, {(const uint8_t *)old_text, 0x80000000u}};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	CLEANUP(layout_clear) Layout other = {.sources = NULL};
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(layout_begin(&layout, large, 2, 1, &error), &error, "the old files have more than");
	assert_fails(layout_begin(&other, sources, 2, LAYOUT_OLD_MAX + 1, &error), &error,
		"the result has more than");
}

static void takes_any_bits(void **state)
{
	Noise noise = {.coder = {.code = noise_read}};

	(void)state;
	for (uint32_t seed = 0; seed < 3000; seed++) {
		CLEANUP(layout_clear) Layout layout = {.sources = NULL};
		Error error = ERROR_INIT;

		noise.state = seed * 2654435761u;
		assert_done(layout_begin(&layout, sources, 2, RESULT, &error), &error);
		if (layout_code(&layout, &noise.coder, false, &error) != 0)
			continue;
		for (uint32_t i = 0, end = 0; i < layout.n_blocks; i++) {
			const Block *block = &layout.blocks[i];

			assert_true(block->at >= end && block->length <= RESULT - block->at);
			assert_true(block->length <= layout_old_bytes(&layout, block->old).size);
			end = block->at + block->length;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_blocks_it_wrote),
		cmocka_unit_test(refuses_blocks_that_lie_outside),
		cmocka_unit_test(refuses_a_block_across_two_old_files),
		cmocka_unit_test(refuses_files_that_are_too_large_together),
		cmocka_unit_test(takes_any_bits),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
