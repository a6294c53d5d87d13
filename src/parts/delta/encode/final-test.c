/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/final.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/encode/elves.h"
#include "parts/delta/model/sample.h"

enum { SIZE = 1000 };

static uint8_t bytes[3][SIZE];

static void put_blocks(Layout *layout, const Block *blocks, uint32_t n)
{
	layout->blocks = calloc(n, sizeof(*blocks));
	assert_non_null(layout->blocks);
	memcpy(layout->blocks, blocks, n * sizeof(*blocks));
	layout->n_blocks = n;
}

static void keeps_only_what_is_copied_from(void **state)
{
	const Bytes sources[] = {{bytes[0], SIZE}, {bytes[1], SIZE}, {bytes[2], SIZE}};
	const Block blocks[] = {
		{.at = 0, .length = 100, .old = 2 * SIZE + 10, .same = true},
		{.at = 100, .length = 50, .old = 20},
	};
	CLEANUP(layout_clear) Layout all = {.sources = NULL};
	CLEANUP(final_layout_clear) FinalLayout final = {.sources = NULL};

	(void)state;
	assert_int_equal(layout_begin(&all, sources, 3, SIZE, NULL), 0);
	put_blocks(&all, blocks, 2);
	assert_int_equal(final_layout_make(&all, &final, NULL), 0);
	assert_int_equal(final.layout.n_sources, 2);
	assert_int_equal(final.indexes[0], 0);
	assert_int_equal(final.indexes[1], 2);
	assert_ptr_equal(final.layout.sources[1].data, bytes[2]);
	assert_int_equal(final.layout.result_size, SIZE);
	assert_int_equal(final.layout.n_blocks, 2);
	assert_int_equal(final.layout.blocks[0].old, SIZE + 10);
	assert_true(final.layout.blocks[0].same);
	assert_int_equal(final.layout.blocks[1].old, 20);
	/* What was found stays as it was. */
	assert_int_equal(all.blocks[0].old, 2 * SIZE + 10);
}

static void needs_no_source_at_all(void **state)
{
	const Bytes source = {bytes[0], SIZE};
	CLEANUP(layout_clear) Layout all = {.sources = NULL};
	CLEANUP(final_layout_clear) FinalLayout final = {.sources = NULL};

	(void)state;
	assert_int_equal(layout_begin(&all, &source, 1, SIZE, NULL), 0);
	assert_int_equal(final_layout_make(&all, &final, NULL), 0);
	assert_int_equal(final.layout.n_sources, 0);
	assert_int_equal(final.layout.n_blocks, 0);
}

/* Even one that nothing is copied from: its layout says where addresses are. */
static void keeps_the_counterparts_of_elf_files(void **state)
{
	static const SampleSection section = {
		".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 0x100, 0, 0};
	CLEANUP_SAMPLE Sample sample = sample_new(ET_DYN, EM_X86_64, &section, 1);
	const Bytes sources[] = {sample.bytes, {bytes[0], SIZE}, sample.bytes};
	CLEANUP(layout_clear) Layout all = {.sources = NULL};
	CLEANUP(final_layout_clear) FinalLayout final = {.sources = NULL};
	Elf *elves = NULL;

	(void)state;
	assert_int_equal(layout_begin(&all, sources, 3, sample.bytes.size, NULL), 0);
	assert_int_equal(elves_find_old(&all, NULL), 0);
	assert_int_equal(elves_find_new(&all, sample.bytes, &elves, NULL), 0);
	assert_int_equal(all.n_old_elves, 2);
	all.new_elves[0].counterpart = 1;
	assert_int_equal(final_layout_make(&all, &final, NULL), 0);
	assert_int_equal(final.layout.n_sources, 1);
	assert_int_equal(final.indexes[0], 2);
	assert_int_equal(final.layout.n_old_elves, 1);
	assert_int_equal(final.layout.old_elves[0].at, 0);
	assert_int_equal(final.layout.n_new_elves, 1);
	assert_int_equal(final.layout.new_elves[0].counterpart, 0);
	elves_free(elves, all.n_new_elves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_only_what_is_copied_from),
		cmocka_unit_test(needs_no_source_at_all),
		cmocka_unit_test(keeps_the_counterparts_of_elf_files),
	};

	return cmocka_run_group_tests_name("final", tests, NULL, NULL);
}
