/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/sample.h"

enum { DYNAMIC = SAMPLE_STEP, DEBUG = 2 * SAMPLE_STEP, PROGRAM = sizeof(Elf64_Ehdr), ENTRIES = 6 };

static Sample new_sample(void)
{
	static const Elf64_Dyn entries[ENTRIES] = {
		{DT_STRTAB, {SAMPLE_ADDRESS + 0x100}},
		{DT_STRSZ, {0x40}},
		{DT_RELASZ, {0x30}}, /* without DT_RELA */
		{DT_SONAME, {SAMPLE_ADDRESS}},
		{DT_GNU_HASH, {0x100}},
		{DT_TLSDESC_GOT, {SAMPLE_ADDRESS + 0x200}},
	};
	static const SampleSection sections[] = {
		{".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, entries, sizeof(entries), 0,
			sizeof(Elf64_Dyn)},
		{".debug_info", SHT_PROGBITS, 0, NULL, 0x10, 0, 0},
	};
	Sample sample = sample_new(ET_DYN, EM_X86_64, sections, 2);

	sample_put_u64(&sample, offsetof(Elf64_Ehdr, e_entry), SAMPLE_ADDRESS + 0x123);
	return sample;
}

static void finds_what_the_elf_header_points_at(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample();
	size_t i = 0;

	(void)state;
	sample_scan(&sample, 0, sizeof(Elf64_Ehdr), 0);
	assert_next(&sample, &i, offsetof(Elf64_Ehdr, e_entry), 8, REFERENCE_SECTION, ORIGIN_NOTHING,
		sample_address(0x123));
	assert_next(&sample, &i, offsetof(Elf64_Ehdr, e_shoff), 8, REFERENCE_SECTION, ORIGIN_OFFSET,
		ELF_NOT_LOADED + sample_header_at(&sample, 0));
	assert_no_more(&sample, i);
}

static void finds_where_segments_begin_and_end(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample();
	uint64_t end = sample_address(2 * SAMPLE_STEP);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, PROGRAM, PROGRAM + sizeof(Elf64_Phdr), 0);
	/* An offset of zero stays what it is. */
	assert_next(&sample, &i, PROGRAM + offsetof(Elf64_Phdr, p_vaddr), 8, REFERENCE_SECTION,
		ORIGIN_NOTHING, SAMPLE_ADDRESS);
	assert_next(&sample, &i, PROGRAM + offsetof(Elf64_Phdr, p_paddr), 8, REFERENCE_SECTION,
		ORIGIN_NOTHING, SAMPLE_ADDRESS);
	assert_next(&sample, &i, PROGRAM + offsetof(Elf64_Phdr, p_filesz), 8, REFERENCE_SECTION, ORIGIN_SPAN,
		end);
	assert_next(
		&sample, &i, PROGRAM + offsetof(Elf64_Phdr, p_memsz), 8, REFERENCE_SECTION, ORIGIN_SPAN, end);
	assert_no_more(&sample, i);
}

static void finds_where_sections_begin_and_end(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample();
	uint32_t loaded = sample_header_at(&sample, 1), other = sample_header_at(&sample, 2);
	uint64_t begin = sample_address(DYNAMIC);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, loaded, other + (uint32_t)sizeof(Elf64_Shdr), 0);
	assert_next(&sample, &i, loaded + offsetof(Elf64_Shdr, sh_addr), 8, REFERENCE_SECTION, ORIGIN_NOTHING,
		begin);
	assert_next(&sample, &i, loaded + offsetof(Elf64_Shdr, sh_offset), 8, REFERENCE_SECTION,
		ORIGIN_OFFSET, begin);
	assert_next(&sample, &i, loaded + offsetof(Elf64_Shdr, sh_size), 8, REFERENCE_SECTION, ORIGIN_SPAN,
		begin + ENTRIES * sizeof(Elf64_Dyn));
	assert_next(&sample, &i, other + offsetof(Elf64_Shdr, sh_offset), 8, REFERENCE_SECTION, ORIGIN_OFFSET,
		ELF_NOT_LOADED + DEBUG);
	assert_next(&sample, &i, other + offsetof(Elf64_Shdr, sh_size), 8, REFERENCE_SECTION, ORIGIN_SPAN,
		ELF_NOT_LOADED + DEBUG + 0x10);
	assert_no_more(&sample, i);
}

static void finds_addresses_and_sizes_in_dynamic(void **state)
{
	CLEANUP_SAMPLE Sample sample = new_sample();
	size_t i = 0;

	(void)state;
	sample_scan(&sample, DYNAMIC, DYNAMIC + ENTRIES * sizeof(Elf64_Dyn), 0);
	assert_next(&sample, &i, DYNAMIC + 8, 8, REFERENCE_SECTION, ORIGIN_NOTHING, sample_address(0x100));
	assert_next(&sample, &i, DYNAMIC + 0x18, 8, REFERENCE_SECTION, ORIGIN_SPAN, sample_address(0x140));
	assert_next(&sample, &i, DYNAMIC + 0x58, 8, REFERENCE_SECTION, ORIGIN_NOTHING, sample_address(0x200));
	assert_no_more(&sample, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_the_elf_header_points_at),
		cmocka_unit_test(finds_where_segments_begin_and_end),
		cmocka_unit_test(finds_where_sections_begin_and_end),
		cmocka_unit_test(finds_addresses_and_sizes_in_dynamic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
