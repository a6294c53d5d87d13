/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/sample.h"

enum { RELA = SAMPLE_STEP, SYMBOLS = 2 * SAMPLE_STEP, RELR = 3 * SAMPLE_STEP };

static Sample with_relocations(uint16_t machine, uint32_t type, uint32_t symbol, uint64_t addend)
{
	const Elf64_Rela entry = {
		SAMPLE_ADDRESS + 0x10, ELF64_R_INFO((uint64_t)symbol, type), (int64_t)addend};
	const uint64_t words[3] = {SAMPLE_ADDRESS + 0x20, 0xf0f1, 0x10};
	const SampleSection sections[] = {
		{".rela.dyn", SHT_RELA, SHF_ALLOC, &entry, sizeof(entry), 2, sizeof(entry)},
		{".dynsym", SHT_DYNSYM, SHF_ALLOC, NULL, 0x60, 0, sizeof(Elf64_Sym)},
		{".relr.dyn", 19, SHF_ALLOC, words, sizeof(words), 0, 8},
	};

	return sample_new(ET_DYN, machine, sections, 3);
}

static void finds_places_and_addends(void **state)
{
	static const struct {
		uint16_t machine;
		uint32_t type;
	} types[] = {{EM_X86_64, R_X86_64_RELATIVE}, {EM_X86_64, R_X86_64_IRELATIVE},
		{EM_AARCH64, R_AARCH64_RELATIVE}, {EM_AARCH64, R_AARCH64_IRELATIVE}};

	(void)state;
	for (size_t n = 0; n < sizeof(types) / sizeof(types[0]); n++) {
		CLEANUP_SAMPLE Sample sample =
			with_relocations(types[n].machine, types[n].type, 0, sample_address(0x1234));
		size_t i = 0;

		sample_scan(&sample, RELA, RELA + 24, 0);
		assert_next(&sample, &i, RELA, 8, REFERENCE_RELOCATION, ORIGIN_NOTHING, sample_address(0x10));
		assert_next(
			&sample, &i, RELA + 16, 8, REFERENCE_ADDEND, ORIGIN_NOTHING, sample_address(0x1234));
		assert_no_more(&sample, i);
	}
}

static void finds_the_symbol_of_a_relocation(void **state)
{
	CLEANUP_SAMPLE Sample sample =
		with_relocations(EM_X86_64, R_X86_64_GLOB_DAT, 3, sample_address(0x1234));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, RELA, RELA + 24, 0);
	assert_next(&sample, &i, RELA, 8, REFERENCE_RELOCATION, ORIGIN_NOTHING, sample_address(0x10));
	assert_next(&sample, &i, RELA + 12, 4, REFERENCE_RELOCATION_SYMBOL, ORIGIN_ADDRESS,
		sample_address(SYMBOLS) + 3 * sizeof(Elf64_Sym));
	/* The addend is relative to the symbol. */
	assert_no_more(&sample, i);
}

static void takes_no_number_for_an_address(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_relocations(EM_X86_64, R_X86_64_RELATIVE, 0, 0x1234);

	(void)state;
	sample_put_u64(&sample, RELA, 0x10);
	sample_scan(&sample, RELA, RELA + 24, 0);
	assert_no_more(&sample, 0);
}

static void reports_only_whole_fields_of_an_entry(void **state)
{
	CLEANUP_SAMPLE Sample sample =
		with_relocations(EM_X86_64, R_X86_64_RELATIVE, 0, sample_address(0x1234));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, RELA + 1, RELA + 24, 0);
	assert_next(&sample, &i, RELA + 16, 8, REFERENCE_ADDEND, ORIGIN_NOTHING, sample_address(0x1234));
	assert_no_more(&sample, i);
	i = 0;
	sample_scan(&sample, RELA, RELA + 23, 0);
	assert_next(&sample, &i, RELA, 8, REFERENCE_RELOCATION, ORIGIN_NOTHING, sample_address(0x10));
	assert_no_more(&sample, i);
}

static void skips_an_entry_that_is_not_whole(void **state)
{
	CLEANUP_SAMPLE Sample sample =
		with_relocations(EM_X86_64, R_X86_64_RELATIVE, 0, sample_address(0x1234));

	(void)state;
	/* A second one, of which the section ends before the addend. */
	sample_put(&sample, RELA + 24, sample_at(&sample, RELA), 24);
	sample_put_u64(&sample, sample_header_at(&sample, 1) + offsetof(Elf64_Shdr, sh_size), 40);
	sample_scan(&sample, RELA, RELA + 40, 0);
	assert_int_equal(sample.n, 2);
	sample_scan(&sample, RELA + 25, RELA + 40, 0);
	assert_no_more(&sample, 0);
}

static void finds_addresses_but_not_bitmaps_in_relr(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_relocations(EM_X86_64, R_X86_64_RELATIVE, 0, 0);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, RELR, RELR + 24, 0);
	assert_next(&sample, &i, RELR, 8, REFERENCE_RELOCATION, ORIGIN_NOTHING, sample_address(0x20));
	assert_no_more(&sample, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_places_and_addends),
		cmocka_unit_test(finds_the_symbol_of_a_relocation),
		cmocka_unit_test(takes_no_number_for_an_address),
		cmocka_unit_test(reports_only_whole_fields_of_an_entry),
		cmocka_unit_test(skips_an_entry_that_is_not_whole),
		cmocka_unit_test(finds_addresses_but_not_bitmaps_in_relr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
