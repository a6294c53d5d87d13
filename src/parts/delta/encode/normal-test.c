/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/normal.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/encode/elves.h"
#include "parts/delta/model/sample.h"

enum { TEXT = SAMPLE_STEP, TEXT_SIZE = 0x200, BODY_SIZE = 32 };

/* Code at TEXT that calls a function at TEXT + function. */
static Sample calling(uint32_t function)
{
	static const SampleSection section = {
		".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, TEXT_SIZE, 0, 0};
	Sample sample = sample_new(ET_DYN, EM_X86_64, &section, 1);

	memset(sample_at(&sample, TEXT), 0x90, TEXT_SIZE);
	sample_put(&sample, TEXT, "\xe8", 1);
	sample_put_u32(&sample, TEXT + 1, function - 5);
	/* add eax, 1; add eax, 2; … */
	for (uint32_t i = 0; i < BODY_SIZE; i += 3)
		sample_put(&sample, TEXT + function + i, (uint8_t[]){0x83, 0xc0, (uint8_t)i}, 3);
	sample_parse(&sample);
	return sample;
}

static uint8_t *copy_of(const Sample *sample)
{
	uint8_t *bytes = malloc(sample->bytes.size);

	assert_non_null(bytes);
	memcpy(bytes, sample->bytes.data, sample->bytes.size);
	return bytes;
}

static void by_content(Sample *sample, uint8_t *bytes)
{
	Error error = ERROR_INIT;

	assert_done(normal_by_content(&sample->elf, bytes, &error), &error);
}

static void gives_calls_of_the_same_function_the_same_token(void **state)
{
	CLEANUP_SAMPLE Sample old = calling(0x40);
	CLEANUP_SAMPLE Sample new = calling(0x80);
	CLEANUP_FREE uint8_t *old_bytes = copy_of(&old);
	CLEANUP_FREE uint8_t *new_bytes = copy_of(&new);

	(void)state;
	assert_memory_not_equal(old_bytes + TEXT, new_bytes + TEXT, 5);
	by_content(&old, old_bytes);
	by_content(&new, new_bytes);
	assert_memory_equal(old_bytes + TEXT, new_bytes + TEXT, 5);
}

static void gives_calls_of_other_functions_other_tokens(void **state)
{
	CLEANUP_SAMPLE Sample old = calling(0x40);
	CLEANUP_SAMPLE Sample new = calling(0x40);
	CLEANUP_FREE uint8_t *old_bytes = copy_of(&old);
	CLEANUP_FREE uint8_t *new_bytes = copy_of(&new);

	(void)state;
	sample_at(&new, TEXT + 0x40)[2] ^= 0x55;
	by_content(&old, old_bytes);
	by_content(&new, new_bytes);
	assert_memory_not_equal(old_bytes + TEXT, new_bytes + TEXT, 5);
}

static void leaves_alone_what_is_no_reference(void **state)
{
	CLEANUP_SAMPLE Sample sample = calling(0x40);
	CLEANUP_FREE uint8_t *bytes = copy_of(&sample);

	(void)state;
	by_content(&sample, bytes);
	assert_int_equal(bytes[TEXT], 0xe8);
	assert_memory_equal(bytes + TEXT + 5, sample.bytes.data + TEXT + 5, TEXT_SIZE - 5);
}

/* The blocks say what has moved, whatever it looks like. */
static void gives_calls_of_what_has_moved_the_same_token(void **state)
{
	CLEANUP_SAMPLE Sample old = calling(0x40);
	CLEANUP_SAMPLE Sample new = calling(0x80);
	CLEANUP_FREE uint8_t *old_bytes = copy_of(&old);
	CLEANUP_FREE uint8_t *new_bytes = copy_of(&new);
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	CLEANUP(addresses_free) Addresses *addresses = NULL;
	Elf *elves = NULL;

	(void)state;
	assert_int_equal(layout_begin(&layout, &old.bytes, 1, new.bytes.size, NULL), 0);
	assert_int_equal(elves_find_old(&layout, NULL), 0);
	assert_int_equal(elves_find_new(&layout, new.bytes, &elves, NULL), 0);
	layout.blocks = calloc(2, sizeof(*layout.blocks));
	assert_non_null(layout.blocks);
	layout.blocks[0] = (Block){.at = 0, .length = TEXT + 0x40, .old = 0};
	layout.blocks[1] = (Block){.at = TEXT + 0x80, .length = BODY_SIZE, .old = TEXT + 0x40};
	layout.n_blocks = 2;
	assert_int_equal(layout_sort(&layout, NULL), 0);
	assert_int_equal(addresses_new(&layout, &addresses, NULL), 0);
	normal_new_by_place(&elves[0], new_bytes);
	normal_old_by_place(&layout.old_elves[0], &layout.new_elves[0], addresses, old_bytes);
	assert_memory_equal(old_bytes + TEXT, new_bytes + TEXT, 5);
	elves_free(elves, layout.n_new_elves);
}

static void takes_code_that_makes_no_sense(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		CLEANUP_SAMPLE Sample sample = calling(0x40);
		CLEANUP_FREE uint8_t *first = copy_of(&sample);
		CLEANUP_FREE uint8_t *second = copy_of(&sample);

		for (uint32_t i = 0; i < TEXT_SIZE; i++)
			sample_at(&sample, TEXT)[i] =
				(uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
		by_content(&sample, first);
		by_content(&sample, second);
		assert_memory_equal(first, second, sample.bytes.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_calls_of_the_same_function_the_same_token),
		cmocka_unit_test(gives_calls_of_other_functions_other_tokens),
		cmocka_unit_test(leaves_alone_what_is_no_reference),
		cmocka_unit_test(gives_calls_of_what_has_moved_the_same_token),
		cmocka_unit_test(takes_code_that_makes_no_sense),
	};

	return cmocka_run_group_tests_name("normal", tests, NULL, NULL);
}
