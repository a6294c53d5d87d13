/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/sample.h"

enum { TEXT = SAMPLE_STEP, PAGE = SAMPLE_ADDRESS + TEXT };

/* Instructions, in the words of an assembler. */
enum {
	BL_PLUS_8 = 0x94000002,
	B_PLUS_8 = 0x14000002,
	B_EQ_PLUS_8 = 0x54000040,
	TBZ_PLUS_8 = 0x36000040,
	LDR_LITERAL_PLUS_8 = 0x58000040,
	ADR_X3_PLUS_1 = 0x30000003,
	ADRP_X0_PLUS_2 = 0xd0000000, /* two pages on */
	ADRP_X19_PLUS_2 = 0xd0000013,
	ADD_X0_X0_0X10 = 0x91004000,
	LDR_X1_X0_0X20 = 0xf9401001,
	LDR_X0_X0_0X20 = 0xf9401000,
	STR_X0_X0_0X20 = 0xf9001000,
	LDR_X1_X19_0X20 = 0xf9401261,
	LDR_Q1_X0_0X1000 = 0x3dc40001,
	MOV_X0_X2 = 0xaa0203e0,
	RET = 0xd65f03c0,
	NOP = 0xd503201f,
};

static Sample with_code(const uint32_t *words, size_t n)
{
	const SampleSection section = {
		".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, words, n * sizeof(*words), 0, 0};

	return sample_new(ET_DYN, EM_AARCH64, &section, 1);
}

static void finds_branches_and_literals(void **state)
{
	static const uint32_t code[] = {
		BL_PLUS_8, B_PLUS_8, B_EQ_PLUS_8, TBZ_PLUS_8, LDR_LITERAL_PLUS_8, ADR_X3_PLUS_1, NOP};
	static const struct {
		ReferenceKind kind;
		unsigned distance;
	} expected[] = {{REFERENCE_CALL, 8}, {REFERENCE_JUMP, 8}, {REFERENCE_BRANCH, 8}, {REFERENCE_SHORT, 8},
		{REFERENCE_MEMORY, 8}, {REFERENCE_ADDRESS, 1}};
	CLEANUP_SAMPLE Sample sample = with_code(code, 7);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
	while (i < 6) {
		uint32_t at = 4 * (uint32_t)i;

		assert_int_equal(sample.found[i].form, REFERENCE_A64);
		assert_next(&sample, &i, TEXT + at, 4, expected[at / 4].kind, ORIGIN_PLACE,
			PAGE + at + expected[at / 4].distance);
	}
	assert_no_more(&sample, i);
}

static void puts_the_halves_of_an_address_together(void **state)
{
	static const uint32_t code[] = {ADRP_X0_PLUS_2, NOP, ADD_X0_X0_0X10, NOP};
	CLEANUP_SAMPLE Sample sample = with_code(code, 4);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
	assert_next(&sample, &i, TEXT, 4, REFERENCE_ADDRESS, ORIGIN_PLACE, PAGE + 0x2010);
	assert_next(&sample, &i, TEXT + 8, 4, REFERENCE_MEMORY, ORIGIN_PLACE, PAGE + 0x2010);
	assert_no_more(&sample, i);
	/* The other half counts even where it is behind the stretch. */
	i = 0;
	sample_scan(&sample, TEXT, TEXT + 4, 0);
	assert_next(&sample, &i, TEXT, 4, REFERENCE_ADDRESS, ORIGIN_PLACE, PAGE + 0x2010);
	assert_no_more(&sample, i);
	/* Without the first, the second means nothing. */
	sample_scan(&sample, TEXT + 4, TEXT + sizeof(code), 0);
	assert_no_more(&sample, 0);
}

static void leaves_out_halves_just_where_all_moves_by_pages(void **state)
{
	static const uint32_t code[] = {BL_PLUS_8, ADRP_X0_PLUS_2, ADD_X0_X0_0X10, NOP};
	CLEANUP_SAMPLE Sample sample = with_code(code, 4);
	SteadyRange steady = {.address = PAGE, .size = 0x3000, .shift = 0x10, .at = TEXT};
	size_t i = 0;

	(void)state;
	sample_scan_moving(&sample, TEXT, TEXT + sizeof(code), 0, steady);
	assert_next(&sample, &i, TEXT + 4, 4, REFERENCE_ADDRESS, ORIGIN_PLACE, PAGE + 0x2010);
	assert_next(&sample, &i, TEXT + 8, 4, REFERENCE_MEMORY, ORIGIN_PLACE, PAGE + 0x2010);
	assert_no_more(&sample, i);
	steady.shift = 0x3000;
	sample_scan_moving(&sample, TEXT, TEXT + sizeof(code), 0, steady);
	assert_no_more(&sample, 0);
}

static void forgets_a_page_when_its_register_is_overwritten(void **state)
{
	static const uint32_t writers[] = {MOV_X0_X2, LDR_X0_X0_0X20, ADD_X0_X0_0X10, BL_PLUS_8, RET};

	(void)state;
	for (size_t w = 0; w < sizeof(writers) / sizeof(writers[0]); w++) {
		const uint32_t code[] = {ADRP_X0_PLUS_2, writers[w], LDR_X1_X0_0X20};
		CLEANUP_SAMPLE Sample sample = with_code(code, 3);

		sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
		for (size_t i = 0; i < sample.n; i++)
			assert_true(sample.found[i].at < TEXT + 8);
	}
}

static void keeps_a_page_over_what_only_reads_it(void **state)
{
	static const uint32_t readers[] = {STR_X0_X0_0X20, LDR_X1_X0_0X20, NOP, B_EQ_PLUS_8};

	(void)state;
	for (size_t r = 0; r < sizeof(readers) / sizeof(readers[0]); r++) {
		const uint32_t code[] = {ADRP_X0_PLUS_2, readers[r], LDR_X1_X0_0X20};
		CLEANUP_SAMPLE Sample sample = with_code(code, 3);

		sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
		assert_int_equal(sample.found[sample.n - 1].at, TEXT + 8);
		assert_int_equal(sample.found[sample.n - 1].target, PAGE + 0x2020);
	}
}

static void keeps_a_page_over_a_call_that_saves_its_register(void **state)
{
	static const uint32_t code[] = {ADRP_X19_PLUS_2, BL_PLUS_8, LDR_X1_X19_0X20};
	CLEANUP_SAMPLE Sample sample = with_code(code, 3);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
	assert_next(&sample, &i, TEXT, 4, REFERENCE_ADDRESS, ORIGIN_PLACE, PAGE + 0x2020);
	assert_next(&sample, &i, TEXT + 4, 4, REFERENCE_CALL, ORIGIN_PLACE, PAGE + 0xc);
	assert_next(&sample, &i, TEXT + 8, 4, REFERENCE_MEMORY, ORIGIN_PLACE, PAGE + 0x2020);
	assert_no_more(&sample, i);
}

static void takes_no_larger_offset_for_half_of_an_address(void **state)
{
	static const uint32_t code[] = {ADRP_X0_PLUS_2, LDR_Q1_X0_0X1000};
	CLEANUP_SAMPLE Sample sample = with_code(code, 2);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
	assert_next(&sample, &i, TEXT, 4, REFERENCE_ADDRESS, ORIGIN_PLACE, PAGE + 0x2000);
	assert_no_more(&sample, i);
}

static void skips_what_is_no_whole_instruction(void **state)
{
	static const uint32_t code[] = {BL_PLUS_8, BL_PLUS_8, BL_PLUS_8};
	CLEANUP_SAMPLE Sample sample = with_code(code, 3);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT + 1, TEXT + 11, 0);
	assert_next(&sample, &i, TEXT + 4, 4, REFERENCE_CALL, ORIGIN_PLACE, PAGE + 12);
	assert_no_more(&sample, i);
	sample_scan(&sample, TEXT + 1, TEXT + 3, 0);
	assert_no_more(&sample, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_branches_and_literals),
		cmocka_unit_test(puts_the_halves_of_an_address_together),
		cmocka_unit_test(leaves_out_halves_just_where_all_moves_by_pages),
		cmocka_unit_test(forgets_a_page_when_its_register_is_overwritten),
		cmocka_unit_test(keeps_a_page_over_what_only_reads_it),
		cmocka_unit_test(keeps_a_page_over_a_call_that_saves_its_register),
		cmocka_unit_test(takes_no_larger_offset_for_half_of_an_address),
		cmocka_unit_test(skips_what_is_no_whole_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
