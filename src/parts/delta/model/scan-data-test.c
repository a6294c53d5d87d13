/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/sample.h"

enum {
	TEXT = SAMPLE_STEP,
	RODATA = 2 * SAMPLE_STEP,
	DATA = 3 * SAMPLE_STEP,
	RELA = 4 * SAMPLE_STEP,
	TABLE = RODATA + 0x10,
};

/* Code that takes the address of TABLE, and data whose first words are relocated. */
static Sample new_sample(uint16_t type)
{
	static const uint8_t lea[] = {0x48, 0x8d, 0x05, 0x09, 0x10, 0, 0, 0xc3}; /* lea 0x1009(%rip), %rax */
	static const SampleSection sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, lea, sizeof(lea), 0, 0},
		{".rodata", SHT_PROGBITS, SHF_ALLOC, NULL, 0x1000, 0, 0},
		{".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 0x40, 0, 0},
		{".rela.dyn", SHT_RELA, SHF_ALLOC, NULL, 2 * sizeof(Elf64_Rela), 0, sizeof(Elf64_Rela)},
	};
	Sample sample = sample_new(type, EM_X86_64, sections, 4);

	for (uint32_t i = 0; i < 0x40; i += 8)
		sample_put_u64(&sample, DATA + i, sample_address(TEXT));
	sample_put_u64(&sample, DATA + 0x30, 12345);
	for (uint32_t i = 0; i < 2; i++)
		sample_put_u64(&sample, RELA + i * (uint32_t)sizeof(Elf64_Rela),
			sample_address(DATA + 0x10 + 16 * i));
	return sample;
}

/* A table of n entries from TABLE on, then what is no entry. */
static void put_table(Sample *sample, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sample_put_u32(sample, TABLE + 4 * i, (uint32_t)TEXT + i % 8 - TABLE);
	sample_put_u32(sample, TABLE + 4 * n, 0x7fffffff);
	sample_put_u32(sample, TABLE + 4 * n + 4, (uint32_t)TEXT - TABLE);
}

static void assert_entry(const Sample *sample, size_t *i, uint32_t entry)
{
	assert_next(sample, i, TABLE + 4 * entry, 4, REFERENCE_TABLE, ORIGIN_ADDRESS,
		sample_address(TEXT + entry % 8));
	assert_int_equal(sample->found[*i - 1].origin, sample_address(TABLE));
}

static void finds_relocated_pointers(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample(ET_DYN);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, DATA, DATA + 0x40, 0);
	assert_next(&sample, &i, DATA + 0x10, 8, REFERENCE_POINTER, ORIGIN_NOTHING, sample_address(TEXT));
	assert_next(&sample, &i, DATA + 0x20, 8, REFERENCE_POINTER, ORIGIN_NOTHING, sample_address(TEXT));
	assert_no_more(&sample, i);
	sample_scan(&sample, DATA + 0x11, DATA + 0x27, 0);
	assert_no_more(&sample, 0);
}

static void takes_whatever_looks_like_one_for_a_pointer_where_nothing_is_relocated(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample(ET_EXEC);
	size_t i = 0;

	(void)state;
	sample_put_u64(&sample, RODATA + 0x80, sample_address(TEXT + 4));
	sample_scan(&sample, DATA + 0x1c, DATA + 0x3f, 0);
	assert_next(&sample, &i, DATA + 0x20, 8, REFERENCE_POINTER, ORIGIN_NOTHING, sample_address(TEXT));
	assert_next(&sample, &i, DATA + 0x28, 8, REFERENCE_POINTER, ORIGIN_NOTHING, sample_address(TEXT));
	assert_no_more(&sample, i);
	i = 0;
	sample_scan(&sample, RODATA, RODATA + 0x100, 0);
	assert_next(
		&sample, &i, RODATA + 0x80, 8, REFERENCE_POINTER, ORIGIN_NOTHING, sample_address(TEXT + 4));
	assert_no_more(&sample, i);
}

static void finds_jump_tables_that_code_refers_to(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample(ET_DYN);
	size_t i = 0;

	(void)state;
	put_table(&sample, 3);
	sample_scan(&sample, RODATA, RODATA + 0x100, 0);
	assert_no_more(&sample, 0);
	sample_scan(&sample, TEXT, TEXT + 8, 0);
	sample_scan(&sample, RODATA, RODATA + 0x100, 0);
	for (uint32_t entry = 0; entry < 3; entry++)
		assert_entry(&sample, &i, entry);
	assert_no_more(&sample, i);
	elf_forget_tables(&sample.elf);
	sample_scan(&sample, RODATA, RODATA + 0x100, 0);
	assert_no_more(&sample, 0);
}

static void begins_within_a_jump_table(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample(ET_DYN);
	size_t i = 0;

	(void)state;
	put_table(&sample, 20);
	sample_scan(&sample, TEXT, TEXT + 8, 0);
	sample_scan(&sample, TABLE + 4 * 17 + 1, TABLE + 4 * 20 + 3, 0);
	for (uint32_t entry = 18; entry < 20; entry++)
		assert_entry(&sample, &i, entry);
	assert_no_more(&sample, i);
}

static void begins_no_table_behind_what_is_no_entry(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample(ET_DYN);

	(void)state;
	put_table(&sample, 3);
	sample_scan(&sample, TEXT, TEXT + 8, 0);
	sample_scan(&sample, TABLE + 4 * 4, RODATA + 0x100, 0);
	assert_no_more(&sample, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_relocated_pointers),
		cmocka_unit_test(takes_whatever_looks_like_one_for_a_pointer_where_nothing_is_relocated),
		cmocka_unit_test(finds_jump_tables_that_code_refers_to),
		cmocka_unit_test(begins_within_a_jump_table),
		cmocka_unit_test(begins_no_table_behind_what_is_no_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
