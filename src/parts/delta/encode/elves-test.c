/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/elves.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/model/sample.h"

enum { SIZE = 128 * 1024, FIRST = 1024, SECOND = 64 * 1024 };

static uint8_t image[SIZE];

static Sample sample_of(uint16_t machine)
{
	static const SampleSection section = {
		".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 0x100, 0, 0};

	return sample_new(ET_DYN, machine, &section, 1);
}

/* Two ELF files among other bytes. */
static int make_image(void **state)
{
	CLEANUP_SAMPLE Sample sample = sample_of(EM_X86_64);

	(void)state;
	assert_true(sample.bytes.size < SECOND - FIRST);
	memset(image, 0x7f, SIZE);
	memcpy(image + FIRST, sample.bytes.data, sample.bytes.size);
	memcpy(image + SECOND, sample.bytes.data, sample.bytes.size);
	return 0;
}

static void begin(Layout *layout, const Bytes *sources, uint32_t n)
{
	Error error = ERROR_INIT;

	assert_done(layout_begin(layout, sources, n, SIZE, &error), &error);
	assert_done(elves_find_old(layout, &error), &error);
}

static void finds_files_within_images(void **state)
{
	const Bytes sources[] = {{image, FIRST}, {image, SIZE}};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Elf *elves = NULL;

	(void)state;
	begin(&layout, sources, 2);
	assert_int_equal(layout.n_old_elves, 2);
	assert_int_equal(layout.old_elves[0].at, FIRST + FIRST);
	assert_int_equal(layout.old_elves[1].at, FIRST + SECOND);
	assert_int_equal(elves_find_new(&layout, sources[1], &elves, NULL), 0);
	assert_int_equal(layout.n_new_elves, 2);
	assert_int_equal(layout.new_elves[1].at, SECOND);
	assert_int_equal(layout.new_elves[1].size, elves[1].bytes.size);
	assert_ptr_equal(elves[1].bytes.data, image + SECOND);
	elves_free(elves, layout.n_new_elves);
}

static void takes_no_other_bytes_for_one(void **state)
{
	static uint8_t other[SIZE];
	const Bytes source = {other, SIZE};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};

	(void)state;
	/* Just the magic number, one that is cut off, one that begins between steps. */
	memcpy(other, ELFMAG, SELFMAG);
	memcpy(other + SIZE - 512, image + FIRST, 512);
	memcpy(other + 5000, image + FIRST, 20000);
	begin(&layout, &source, 1);
	assert_int_equal(layout.n_old_elves, 0);
}

static void looks_for_no_new_ones_without_old_ones(void **state)
{
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Elf *elves = NULL;

	(void)state;
	begin(&layout, NULL, 0);
	assert_int_equal(elves_find_new(&layout, (Bytes){image, SIZE}, &elves, NULL), 0);
	assert_int_equal(layout.n_new_elves, 0);
	elves_free(elves, 0);
}

static void chooses_the_old_file_that_most_is_copied_from(void **state)
{
	const Bytes source = {image, SIZE};
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Elf *elves = NULL;

	(void)state;
	begin(&layout, &source, 1);
	assert_int_equal(elves_find_new(&layout, source, &elves, NULL), 0);
	layout.blocks = calloc(4, sizeof(*layout.blocks));
	assert_non_null(layout.blocks);
	layout.blocks[0] = (Block){.at = 0, .length = 500, .old = 0};
	layout.blocks[1] = (Block){.at = FIRST, .length = 100, .old = FIRST};
	layout.blocks[2] = (Block){.at = FIRST + 100, .length = 300, .old = SECOND};
	layout.blocks[3] = (Block){.at = SECOND, .length = 50, .old = FIRST + 100};
	layout.n_blocks = 4;
	assert_int_equal(elves_choose_counterparts(&layout, NULL), 0);
	assert_int_equal(layout.new_elves[0].counterpart, 1);
	assert_int_equal(layout.new_elves[1].counterpart, 0);
	elves_free(elves, layout.n_new_elves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_files_within_images),
		cmocka_unit_test(takes_no_other_bytes_for_one),
		cmocka_unit_test(looks_for_no_new_ones_without_old_ones),
		cmocka_unit_test(chooses_the_old_file_that_most_is_copied_from),
	};

	return cmocka_run_group_tests_name("elves", tests, make_image, NULL);
}
