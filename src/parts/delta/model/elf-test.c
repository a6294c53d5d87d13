/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/elf.h"

#include "parts/delta/model/sample.h"

enum { ALLOC = SHF_ALLOC, CODE = SHF_ALLOC | SHF_EXECINSTR, DATA = SHF_ALLOC | SHF_WRITE };

static const SampleSection usual[] = {
	{".text", SHT_PROGBITS, CODE, NULL, 0x100, 0, 0},
	{".rodata", SHT_PROGBITS, ALLOC, NULL, 0x100, 0, 0},
	{".data", SHT_PROGBITS, DATA, NULL, 0x100, 0, 0},
	{".symtab", SHT_SYMTAB, 0, NULL, 0x30, 5, sizeof(Elf64_Sym)},
	{".strtab", SHT_STRTAB, 0, NULL, 0x10, 0, 0},
};

enum { USUAL = sizeof(usual) / sizeof(usual[0]) };

static Sample usual_sample(void)
{
	return sample_new(ET_DYN, EM_X86_64, usual, USUAL);
}

static void assert_covered(const Elf *elf)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < elf->n_regions; i++) {
		const ElfRegion *region = &elf->regions[i];

		assert_int_equal(region->offset, end);
		assert_true(region->size > 0);
		end += region->size;
		assert_ptr_equal(elf_region_at(elf, region->offset), region);
		assert_ptr_equal(elf_region_at(elf, region->offset + region->size - 1), region);
		assert_true(region->link == UINT32_MAX || region->link < elf->n_regions);
	}
	assert_int_equal(end, elf->bytes.size);
}

static void measures_a_file_within_others(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	size_t size = sample.bytes.size;
	CLEANUP_FREE uint8_t *longer = calloc(size + 100, 1);
	uint32_t measured = 0;

	(void)state;
	assert_non_null(longer);
	memcpy(longer, sample.bytes.data, size);
	assert_int_equal(elf_measure((Bytes){longer, size + 100}, &measured), 0);
	assert_int_equal(measured, size);
	assert_int_equal(elf_measure((Bytes){longer, size - 1}, &measured), ELF_NOT);
}

static void refuses_other_kinds_of_elf(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	static const struct {
		uint32_t at;
		uint8_t value;
	} others[] = {{0, 0}, {EI_CLASS, ELFCLASS32}, {EI_DATA, ELFDATA2MSB},
		{offsetof(Elf64_Ehdr, e_type), ET_REL}};
	uint32_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		uint8_t before = *sample_at(&sample, others[i].at);

		*sample_at(&sample, others[i].at) = others[i].value;
		assert_int_equal(elf_measure(sample.bytes, &size), ELF_NOT);
		*sample_at(&sample, others[i].at) = before;
	}
	assert_int_equal(elf_measure(sample.bytes, &size), 0);
	assert_int_equal(elf_measure((Bytes){sample.bytes.data, sizeof(Elf64_Ehdr) - 1}, &size), ELF_NOT);
}

static void refuses_a_section_that_wraps(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	uint32_t at = sample_header_at(&sample, 2), size;

	(void)state;
	sample_put_u64(&sample, at + offsetof(Elf64_Shdr, sh_size), UINT64_MAX - 0x1000);
	assert_int_equal(elf_measure(sample.bytes, &size), ELF_NOT);
	sample_put_u64(&sample, at + offsetof(Elf64_Shdr, sh_size), 0x100);
	sample_put_u64(&sample, at + offsetof(Elf64_Shdr, sh_offset), UINT64_MAX - 0x80);
	assert_int_equal(elf_measure(sample.bytes, &size), ELF_NOT);
}

static void refuses_a_segment_that_wraps(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	uint32_t size;

	(void)state;
	sample_put_u64(&sample, sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), UINT64_MAX - 0x80);
	assert_int_equal(elf_measure(sample.bytes, &size), ELF_NOT);
}

static void refuses_headers_behind_the_end(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	uint32_t size;

	(void)state;
	sample_put_u64(&sample, offsetof(Elf64_Ehdr, e_shoff), UINT64_MAX - 64);
	assert_int_equal(elf_measure(sample.bytes, &size), ELF_NOT);
	sample_put_u64(&sample, offsetof(Elf64_Ehdr, e_shoff), sample.bytes.size - 64);
	assert_int_equal(elf_measure(sample.bytes, &size), ELF_NOT);
}

static void refuses_to_parse_more_or_less_than_a_file(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	Error error = ERROR_INIT;
	ElfBudget budget = ELF_BUDGET_INIT;
	Elf elf;

	(void)state;
	assert_fails(elf_parse((Bytes){sample.bytes.data, sample.bytes.size - 1}, &budget, &elf, &error),
		&error, "no ELF");
	/* Without its last section header, what is left of the file is too long. */
	sample_put(&sample, offsetof(Elf64_Ehdr, e_shnum), &(uint16_t){USUAL + 1}, 2);
	assert_fails(elf_parse(sample.bytes, &budget, &elf, &error), &error, "no ELF");
}

static void knows_sections_by_type_flags_and_name(void **state)
{
	static const struct {
		SampleSection section;
		ElfRegionKind kind;
	} known[] = {
		{{".text", SHT_PROGBITS, CODE, NULL, 8, 0, 0}, REGION_X86_64},
		{{".rodata", SHT_PROGBITS, ALLOC, NULL, 8, 0, 0}, REGION_TABLES},
		{{".rodata", SHT_PROGBITS, ALLOC | SHF_MERGE | SHF_STRINGS, NULL, 8, 0, 0}, REGION_TABLES},
		{{".eh_frame", SHT_PROGBITS, ALLOC, NULL, 8, 0, 0}, REGION_UNWIND},
		{{".eh_frame", 0x70000001, ALLOC, NULL, 8, 0, 0}, REGION_UNWIND},
		{{".eh_frame_hdr", SHT_PROGBITS, ALLOC, NULL, 8, 0, 0}, REGION_UNWIND_INDEX},
		{{".got", SHT_PROGBITS, DATA, NULL, 8, 0, 0}, REGION_DATA},
		{{".init_array", SHT_INIT_ARRAY, DATA, NULL, 8, 0, 0}, REGION_DATA},
		{{".rela.dyn", SHT_RELA, ALLOC, NULL, 8, 0, 0}, REGION_RELA},
		{{".relr.dyn", 19, ALLOC, NULL, 8, 0, 0}, REGION_RELR},
		{{".dynsym", SHT_DYNSYM, ALLOC, NULL, 8, 0, 0}, REGION_SYMBOLS},
		{{".dynstr", SHT_STRTAB, ALLOC, NULL, 8, 0, 0}, REGION_STRINGS},
		{{".gnu.hash", SHT_GNU_HASH, ALLOC, NULL, 8, 0, 0}, REGION_HASH},
		{{".gnu.version", SHT_GNU_versym, ALLOC, NULL, 8, 0, 0}, REGION_VERSIONS},
		{{".dynamic", SHT_DYNAMIC, DATA, NULL, 8, 0, 0}, REGION_DYNAMIC},
		{{".comment", SHT_PROGBITS, SHF_MERGE | SHF_STRINGS, NULL, 8, 0, 0}, REGION_STRINGS},
		{{".debug_info", SHT_PROGBITS, 0, NULL, 8, 0, 0}, REGION_BYTES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		CLEANUP_SAMPLE Sample sample = sample_new(ET_DYN, EM_X86_64, &known[i].section, 1);
		const ElfRegion *region;

		sample_parse(&sample);
		region = elf_region_at(&sample.elf, SAMPLE_STEP);
		assert_int_equal(region->kind, known[i].kind);
		assert_int_equal(region->offset, SAMPLE_STEP);
		assert_int_equal(region->size, 8);
		assert_int_equal(region->loaded, (known[i].section.flags & SHF_ALLOC) != 0);
	}
}

static void knows_code_of_other_machines_as_bytes(void **state)
{
	static const struct {
		uint16_t machine;
		ElfRegionKind kind;
	} machines[] = {{EM_X86_64, REGION_X86_64}, {EM_AARCH64, REGION_AARCH64}, {EM_RISCV, REGION_BYTES}};

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		CLEANUP_SAMPLE Sample sample = sample_new(ET_DYN, machines[i].machine, usual, USUAL);

		sample_parse(&sample);
		assert_int_equal(elf_region_at(&sample.elf, SAMPLE_STEP)->kind, machines[i].kind);
		assert_true(elf_region_at(&sample.elf, SAMPLE_STEP)->executable);
	}
}

static void covers_the_file_with_regions(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();

	(void)state;
	sample_parse(&sample);
	assert_covered(&sample.elf);
	assert_int_equal(elf_region_at(&sample.elf, 0)->kind, REGION_HEADER);
	assert_int_equal(elf_region_at(&sample.elf, (uint32_t)sample.bytes.size - 1)->kind, REGION_SECTIONS);
}

static void gives_what_overlaps_to_the_first(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();

	(void)state;
	/* .text reaches into .rodata */
	sample_put_u64(
		&sample, sample_header_at(&sample, 1) + offsetof(Elf64_Shdr, sh_size), SAMPLE_STEP + 0x20);
	sample_parse(&sample);
	assert_covered(&sample.elf);
	assert_int_equal(elf_region_at(&sample.elf, 2 * SAMPLE_STEP + 0x1f)->kind, REGION_X86_64);
	assert_int_equal(elf_region_at(&sample.elf, 2 * SAMPLE_STEP + 0x20)->kind, REGION_BYTES);
}

static void takes_executable_segments_for_code_without_sections(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	uint32_t size;

	(void)state;
	sample_put(&sample, offsetof(Elf64_Ehdr, e_shnum), &(uint16_t){0}, 2);
	sample_put_u64(&sample, offsetof(Elf64_Ehdr, e_shoff), 0);
	assert_int_equal(elf_measure(sample.bytes, &size), 0);
	sample.bytes.size = size;
	sample_parse(&sample);
	assert_covered(&sample.elf);
	assert_int_equal(elf_region_at(&sample.elf, 0)->kind, REGION_HEADER);
	assert_int_equal(elf_region_at(&sample.elf, SAMPLE_STEP)->kind, REGION_X86_64);
	assert_int_equal(elf_region_at(&sample.elf, size - 1)->kind, REGION_X86_64);
}

static void follows_links_to_other_sections(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	const ElfRegion *symbols;

	(void)state;
	sample_parse(&sample);
	symbols = elf_region_at(&sample.elf, 4 * SAMPLE_STEP);
	assert_int_equal(symbols->kind, REGION_SYMBOLS);
	assert_ptr_equal(&sample.elf.regions[symbols->link], elf_region_at(&sample.elf, 5 * SAMPLE_STEP));
	sample_put_u32(&sample, sample_header_at(&sample, 4) + offsetof(Elf64_Shdr, sh_link), 99);
	sample_parse(&sample);
	assert_int_equal(elf_region_at(&sample.elf, 4 * SAMPLE_STEP)->link, UINT32_MAX);
}

static void gives_every_byte_an_address(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();
	const Elf *elf = &sample.elf;

	(void)state;
	sample_parse(&sample);
	for (uint32_t offset = 0; offset < sample.bytes.size; offset++) {
		uint32_t back = 0;
		uint64_t address = 0;

		assert_true(segments_address(elf->segments, elf->n_segments, offset, &address));
		assert_int_equal(
			address, offset < 4 * SAMPLE_STEP ? sample_address(offset) : ELF_NOT_LOADED + offset);
		assert_true(segments_offset(elf->segments, elf->n_segments, address, &back));
		assert_int_equal(back, offset);
	}
}

/* Whatever segments a file claims to have, lying one over the other or around the end of all addresses. */
static void says_how_far_addresses_keep_their_distance(void **state)
{
	static const ElfSegment segments[] = {
		{.address = 0x20, .offset = 0x10, .file_size = 0x10},
		{.address = 0x10, .offset = 0x08, .file_size = 0x18},
		{.address = 0x24, .offset = 0x40, .file_size = 0},
		{.address = 0x28, .offset = 0x00, .file_size = 0x30},
		{.address = 0u - 8ull, .offset = 0x50, .file_size = 0x10},
	};
	const uint32_t n = ARRAY_SIZE(segments);

	(void)state;
	for (uint64_t address = 0u - 16ull; address != 0x80; address++) {
		SegmentReach reach = segments_reach_of_address(segments, n, address);
		uint32_t offset = 0, other = 0;

		assert_true(reach.behind > 0);
		if (!segments_offset(segments, n, address, &offset))
			continue;
		for (uint64_t i = 0; i < reach.before + reach.behind; i++) {
			assert_true(segments_offset(segments, n, address - reach.before + i, &other));
			assert_int_equal(other, (uint32_t)(offset - reach.before + i));
		}
	}
	for (uint32_t offset = 0; offset < 0x80; offset++) {
		SegmentReach reach = segments_reach_of_offset(segments, n, offset);
		uint64_t address, other;

		assert_true(reach.behind > 0 && reach.before <= offset);
		assert_true(segments_address(segments, n, offset, &address));
		for (uint32_t i = 0; i < reach.before + reach.behind; i++) {
			assert_true(
				segments_address(segments, n, offset - (uint32_t)reach.before + i, &other));
			assert_int_equal(other, address - reach.before + i);
		}
	}
}

static void tells_addresses_from_numbers(void **state)
{
	CLEANUP_SAMPLE Sample sample = usual_sample();

	(void)state;
	sample_put_u64(&sample, sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 0x8000);
	sample_parse(&sample);
	assert_false(elf_is_address(&sample.elf, 0));
	assert_false(elf_is_address(&sample.elf, SAMPLE_ADDRESS - 1));
	assert_true(elf_is_address(&sample.elf, SAMPLE_ADDRESS));
	assert_true(elf_is_address(&sample.elf, SAMPLE_ADDRESS + 0x7fff));
	assert_false(elf_is_address(&sample.elf, SAMPLE_ADDRESS + 0x8000));
	assert_null(elf_region_of_address(&sample.elf, SAMPLE_ADDRESS + 0x7000));
	assert_null(elf_region_of_address(&sample.elf, ELF_NOT_LOADED + 4 * SAMPLE_STEP));
	assert_int_equal(
		elf_region_of_address(&sample.elf, sample_address(SAMPLE_STEP))->kind, REGION_X86_64);
}

enum { RELA_AT = 2 * SAMPLE_STEP, RELR_AT = 3 * SAMPLE_STEP, DATA_AT = SAMPLE_STEP };

static Sample relocated_sample(void)
{
	static const SampleSection sections[] = {
		{".data", SHT_PROGBITS, DATA, NULL, 0x800, 0, 0},
		{".rela.dyn", SHT_RELA, ALLOC, NULL, 4 * sizeof(Elf64_Rela), 0, sizeof(Elf64_Rela)},
		{".relr.dyn", 19, ALLOC, NULL, 16, 0, 8},
	};
	/* Not in order, one twice, one beside the data. */
	static const uint32_t places[] = {DATA_AT + 0x40, DATA_AT + 8, DATA_AT + 0x40, RELA_AT};
	Sample sample = sample_new(ET_DYN, EM_X86_64, sections, 3);

	for (uint32_t i = 0; i < 0x800; i += 8)
		sample_put_u64(&sample, DATA_AT + i, sample_address(DATA_AT));
	for (uint32_t i = 0; i < 4; i++)
		sample_put_u64(
			&sample, RELA_AT + i * (uint32_t)sizeof(Elf64_Rela), sample_address(places[i]));
	/* 0x100, and of the 63 words behind it the first and the last */
	sample_put_u64(&sample, RELR_AT, sample_address(DATA_AT + 0x100));
	sample_put_u64(&sample, RELR_AT + 8, 1 | 1ull << 1 | 1ull << 63);
	return sample;
}

static void finds_the_words_that_are_relocated(void **state)
{
	static const uint32_t expected[] = {
		DATA_AT + 8, DATA_AT + 0x40, DATA_AT + 0x100, DATA_AT + 0x108, DATA_AT + 0x108 + 62 * 8};
	CLEANUP_SAMPLE Sample sample = relocated_sample();

	(void)state;
	sample_parse(&sample);
	assert_int_equal(sample.elf.n_pointers, 5);
	assert_memory_equal(sample.elf.pointers, expected, sizeof(expected));
	/* What is zero until the file is loaded is no pointer yet. */
	sample_put_u64(&sample, DATA_AT + 8, 0);
	sample_parse(&sample);
	assert_int_equal(sample.elf.n_pointers, 4);
	assert_int_equal(sample.elf.pointers[0], DATA_AT + 0x40);
}

static void leaves_out_what_the_budget_does_not_cover(void **state)
{
	CLEANUP_SAMPLE Sample sample = relocated_sample(), tables = usual_sample();
	ElfBudget budget = {.pointers = 5, .tables = 7};
	Error error = ERROR_INIT;

	(void)state;
	assert_done(elf_parse(sample.bytes, &budget, &sample.elf, &error), &error);
	assert_int_equal(sample.elf.n_pointers, 0);
	assert_done(elf_parse(tables.bytes, &budget, &tables.elf, &error), &error);
	assert_null(tables.elf.table_starts);
	assert_int_equal(budget.pointers, 5);
	assert_int_equal(budget.tables, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures_a_file_within_others),
		cmocka_unit_test(refuses_other_kinds_of_elf),
		cmocka_unit_test(refuses_a_section_that_wraps),
		cmocka_unit_test(refuses_a_segment_that_wraps),
		cmocka_unit_test(refuses_headers_behind_the_end),
		cmocka_unit_test(refuses_to_parse_more_or_less_than_a_file),
		cmocka_unit_test(knows_sections_by_type_flags_and_name),
		cmocka_unit_test(knows_code_of_other_machines_as_bytes),
		cmocka_unit_test(covers_the_file_with_regions),
		cmocka_unit_test(gives_what_overlaps_to_the_first),
		cmocka_unit_test(takes_executable_segments_for_code_without_sections),
		cmocka_unit_test(follows_links_to_other_sections),
		cmocka_unit_test(gives_every_byte_an_address),
		cmocka_unit_test(says_how_far_addresses_keep_their_distance),
		cmocka_unit_test(tells_addresses_from_numbers),
		cmocka_unit_test(finds_the_words_that_are_relocated),
		cmocka_unit_test(leaves_out_what_the_budget_does_not_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
