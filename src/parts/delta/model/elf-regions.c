/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "parts/delta/model/elf-headers.h"

/* A section on its way to become a region. */
typedef struct Candidate {
	uint64_t offset, size;
	uint32_t section; /* its number, UINT32_MAX for what is none */
	ElfRegion region;
} Candidate;

static Bytes name_of(const ElfHeaders *headers, Bytes bytes, const Elf64_Shdr *section)
{
	Elf64_Shdr strings;
	const uint8_t *end;

	if (headers->file.e_shstrndx >= headers->file.e_shnum)
		return (Bytes){NULL, 0};
	strings = elf_section_at(headers, headers->file.e_shstrndx);
	if (strings.sh_type != SHT_STRTAB || section->sh_name >= strings.sh_size)
		return (Bytes){NULL, 0};
	bytes = (Bytes){
		bytes.data + strings.sh_offset + section->sh_name, strings.sh_size - section->sh_name};
	end = memchr(bytes.data, '\0', bytes.size);
	return end ? (Bytes){bytes.data, (size_t)(end - bytes.data)} : (Bytes){NULL, 0};
}

static bool is_named(Bytes name, const char *text)
{
	return bytes_equal(name, bytes_of_text(text));
}

static ElfRegionKind kind_of_code(ElfMachine machine)
{
	return machine == ELF_MACHINE_X86_64    ? REGION_X86_64
	       : machine == ELF_MACHINE_AARCH64 ? REGION_AARCH64
						: REGION_BYTES;
}

static ElfRegionKind kind_of_contents(const Elf64_Shdr *section, Bytes name, ElfMachine machine)
{
	if (section->sh_flags & SHF_EXECINSTR)
		return kind_of_code(machine);
	if (is_named(name, ".eh_frame"))
		return REGION_UNWIND;
	if (is_named(name, ".eh_frame_hdr"))
		return REGION_UNWIND_INDEX;
	/* Some linkers let it be of strings, for it has strings as well. */
	if (is_named(name, ".rodata") && machine == ELF_MACHINE_X86_64)
		return REGION_TABLES;
	if (section->sh_flags & SHF_STRINGS)
		return REGION_STRINGS;
	return section->sh_flags & SHF_ALLOC && section->sh_flags & SHF_WRITE ? REGION_DATA : REGION_BYTES;
}

static ElfRegionKind kind_of_section(const Elf64_Shdr *section, Bytes name, ElfMachine machine)
{
	enum { SHT_RELR_NUMBER = 19, SHT_X86_64_UNWIND_NUMBER = 0x70000001 };

	switch (section->sh_type) {
	case SHT_RELA:
		return REGION_RELA;
	case SHT_RELR_NUMBER:
		return REGION_RELR;
	case SHT_SYMTAB:
	case SHT_DYNSYM:
		return REGION_SYMBOLS;
	case SHT_STRTAB:
		return REGION_STRINGS;
	case SHT_GNU_HASH:
		return REGION_HASH;
	case SHT_GNU_versym:
		return REGION_VERSIONS;
	case SHT_DYNAMIC:
		return REGION_DYNAMIC;
	case SHT_INIT_ARRAY:
	case SHT_FINI_ARRAY:
	case SHT_PREINIT_ARRAY:
		return REGION_DATA;
	case SHT_X86_64_UNWIND_NUMBER:
	case SHT_PROGBITS:
		return kind_of_contents(section, name, machine);
	default:
		return REGION_BYTES;
	}
}

/* Code in entries of one size, or that is called so. */
static bool is_plt(const Elf64_Shdr *section, Bytes name)
{
	return section->sh_flags & SHF_EXECINSTR && (section->sh_entsize == 16 || is_named(name, ".plt"));
}

static int by_place(const void *a, const void *b)
{
	const Candidate *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->section < y->section ? -1 : x->section > y->section;
}

static size_t take_sections(
	const ElfHeaders *headers, Bytes bytes, ElfMachine machine, Candidate *ret, size_t room)
{
	size_t n = 0;

	for (unsigned i = 0; i < headers->file.e_shnum && n < room; i++) {
		Elf64_Shdr section = elf_section_at(headers, i);
		Bytes name;

		if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL || section.sh_size == 0)
			continue;
		name = name_of(headers, bytes, &section);
		ret[n++] = (Candidate){
			.offset = section.sh_offset,
			.size = section.sh_size,
			.section = i,
			.region =
				{
					.link = section.sh_link,
					.kind = (uint8_t)kind_of_section(&section, name, machine),
					.loaded = section.sh_flags & SHF_ALLOC,
					.executable = section.sh_flags & SHF_EXECINSTR,
					.is_plt = is_plt(&section, name),
				},
		};
	}
	return n;
}

/* The ELF header, and the program headers where they follow it. */
static uint64_t size_of_header(const ElfHeaders *headers)
{
	uint64_t size = sizeof(Elf64_Ehdr);

	return headers->file.e_phoff == size ? size + headers->file.e_phnum * sizeof(Elf64_Phdr) : size;
}

/* Without sections, what is executable is code. */
static size_t take_segments(const ElfHeaders *headers, ElfMachine machine, Candidate *ret, size_t room)
{
	size_t n = 0;

	for (unsigned i = 0; i < headers->file.e_phnum && n < room; i++) {
		Elf64_Phdr program = elf_program_at(headers, i);
		uint64_t begin = program.p_offset, end = begin + program.p_filesz;

		/* The first one mostly begins with the headers. */
		if (begin < size_of_header(headers))
			begin = size_of_header(headers);
		if (program.p_type != PT_LOAD || begin >= end)
			continue;
		ret[n++] = (Candidate){
			.offset = begin,
			.size = end - begin,
			.section = i,
			.region =
				{
					.link = UINT32_MAX,
					.kind = program.p_flags & PF_X   ? (uint8_t)kind_of_code(machine)
						: program.p_flags & PF_W ? REGION_DATA
									 : REGION_BYTES,
					.loaded = true,
					.executable = program.p_flags & PF_X,
				},
		};
	}
	return n;
}

static size_t take_headers(const ElfHeaders *headers, Candidate *ret)
{
	size_t n = 0;

	ret[n++] = (Candidate){.size = size_of_header(headers),
		.section = UINT32_MAX,
		.region = {.link = UINT32_MAX, .kind = REGION_HEADER, .loaded = true}};
	if (headers->file.e_shnum > 0)
		ret[n++] = (Candidate){.offset = headers->file.e_shoff,
			.size = headers->file.e_shnum * sizeof(Elf64_Shdr),
			.section = UINT32_MAX,
			.region = {.link = UINT32_MAX, .kind = REGION_SECTIONS}};
	return n;
}

static void add_region(Elf *elf, ElfRegion region, uint64_t from, uint64_t to)
{
	if (from >= to)
		return;
	region.offset = (uint32_t)from;
	region.size = (uint32_t)(to - from);
	(void)segments_address(elf->segments, elf->n_segments, region.offset, &region.address);
	if (region.address >= ELF_NOT_LOADED)
		region.loaded = region.executable = false;
	elf->regions[elf->n_regions++] = region;
}

/* Regions cover the file: what overlaps goes to the one that begins first, what is left between is just
 * bytes. */
static void make_regions(Elf *elf, Candidate *candidates, size_t n)
{
	static const ElfRegion nothing = {.link = UINT32_MAX, .kind = REGION_BYTES};
	uint64_t end = 0;

	qsort(candidates, n, sizeof(*candidates), by_place);
	for (size_t i = 0; i < n; i++) {
		const Candidate *candidate = &candidates[i];
		uint64_t until = candidate->offset + candidate->size;

		add_region(elf, nothing, end, candidate->offset);
		if (candidate->offset >= end)
			add_region(elf, candidate->region, candidate->offset, until);
		else
			add_region(elf, nothing, end, until);
		if (until > end)
			end = until;
	}
	add_region(elf, nothing, end, elf->bytes.size);
}

/* From a section's number to the region that it has become. */
static void resolve_links(Elf *elf, const ElfHeaders *headers)
{
	for (uint32_t i = 0; i < elf->n_regions; i++) {
		uint32_t link = elf->regions[i].link;
		const ElfRegion *region = NULL;
		Elf64_Shdr section;

		if (link > 0 && link < headers->file.e_shnum) {
			section = elf_section_at(headers, link);
			if (section.sh_type != SHT_NOBITS && section.sh_offset < elf->bytes.size)
				region = elf_region_at(elf, (uint32_t)section.sh_offset);
			if (region && region->offset != section.sh_offset)
				region = NULL;
		}
		elf->regions[i].link = region ? (uint32_t)(region - elf->regions) : UINT32_MAX;
	}
}

/* There may be a thousand ELF files. */
static void give_back(Elf *elf)
{
	ElfRegion *regions = reallocarray(elf->regions, elf->n_regions, sizeof(*regions));

	if (regions)
		elf->regions = regions;
}

int elf_find_regions(Elf *elf, const ElfHeaders *headers, Error *error)
{
	enum { CANDIDATES = ELF_REGIONS_MAX / 2 - 4 };
	CLEANUP_FREE Candidate *candidates = calloc(CANDIDATES + 2, sizeof(*candidates));
	size_t n;

	elf->regions = calloc(ELF_REGIONS_MAX, sizeof(*elf->regions));
	if (!candidates || !elf->regions)
		return error_memory(error);
	n = take_headers(headers, candidates);
	n += headers->file.e_shnum > 0
		     ? take_sections(headers, elf->bytes, elf->machine, candidates + n, CANDIDATES)
		     : take_segments(headers, elf->machine, candidates + n, CANDIDATES);
	make_regions(elf, candidates, n);
	resolve_links(elf, headers);
	give_back(elf);
	return 0;
}
