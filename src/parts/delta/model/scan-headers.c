/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>

#include "parts/delta/model/scanners.h"

static void add_offset(const ReferenceScan *scan, uint32_t at, uint64_t offset, Found *found)
{
	const Elf *elf = scan->elf;
	Reference reference = reference_to(at, 8, REFERENCE_SECTION, 0);

	if (offset == 0 || offset >= elf->bytes.size)
		return;
	reference.from = ORIGIN_OFFSET;
	(void)segments_address(elf->segments, elf->n_segments, (uint32_t)offset, &reference.target);
	found_add(found, reference);
}

static void add_address(const ReferenceScan *scan, uint32_t at, uint64_t address, Found *found)
{
	if (elf_is_address(scan->elf, address))
		found_add(found, reference_to(at, 8, REFERENCE_SECTION, address));
}

static void add_span(uint32_t at, uint64_t begin, uint64_t size, Found *found)
{
	if (size > 0)
		found_add(found, reference_span(at, 8, REFERENCE_SECTION, begin, size));
}

static void add_program(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	Elf64_Phdr program;

	(void)region;
	memcpy(&program, bytes_at(scan, at), sizeof(program));
	add_offset(scan, at + offsetof(Elf64_Phdr, p_offset), program.p_offset, found);
	add_address(scan, at + offsetof(Elf64_Phdr, p_vaddr), program.p_vaddr, found);
	add_address(scan, at + offsetof(Elf64_Phdr, p_paddr), program.p_paddr, found);
	if (!elf_is_address(scan->elf, program.p_vaddr))
		return;
	add_span(at + offsetof(Elf64_Phdr, p_filesz), program.p_vaddr, program.p_filesz, found);
	add_span(at + offsetof(Elf64_Phdr, p_memsz), program.p_vaddr, program.p_memsz, found);
}

/* The program headers follow the ELF header, or they are not in this region. */
void scan_header(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	Elf64_Ehdr header;

	memcpy(&header, bytes_at(scan, region->offset), sizeof(header));
	if (scan->at < sizeof(header)) {
		add_address(scan, offsetof(Elf64_Ehdr, e_entry), header.e_entry, found);
		add_offset(scan, offsetof(Elf64_Ehdr, e_shoff), header.e_shoff, found);
		scan->at = sizeof(header) < found->end ? (uint32_t)sizeof(header) : found->end;
	}
	scan_entries(
		scan, region, sizeof(header), region_end(region), sizeof(Elf64_Phdr), add_program, found);
}

static void add_section(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	Elf64_Shdr section;
	uint64_t address;

	(void)region;
	memcpy(&section, bytes_at(scan, at), sizeof(section));
	address = section.sh_addr > 0 ? section.sh_addr : ELF_NOT_LOADED + section.sh_offset;
	add_address(scan, at + offsetof(Elf64_Shdr, sh_addr), section.sh_addr, found);
	add_offset(scan, at + offsetof(Elf64_Shdr, sh_offset), section.sh_offset, found);
	add_span(at + offsetof(Elf64_Shdr, sh_size), address, section.sh_size, found);
}

void scan_sections(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	scan_entries(
		scan, region, region->offset, region_end(region), sizeof(Elf64_Shdr), add_section, found);
}

/* What a tag of .dynamic means: an address, or the size of what another tag has the address of. */
typedef struct Tag {
	uint64_t tag;
	uint64_t sized; /* 0: it is an address itself */
} Tag;

/* Newer than some systems' <elf.h>. */
enum { TAG_RELRSZ = 35, TAG_RELR = 36 };

static const Tag tags[] = {
	{DT_PLTGOT, 0},
	{DT_HASH, 0},
	{DT_STRTAB, 0},
	{DT_SYMTAB, 0},
	{DT_RELA, 0},
	{DT_INIT, 0},
	{DT_FINI, 0},
	{DT_JMPREL, 0},
	{DT_INIT_ARRAY, 0},
	{DT_FINI_ARRAY, 0},
	{DT_PREINIT_ARRAY, 0},
	{DT_GNU_HASH, 0},
	{DT_VERSYM, 0},
	{DT_VERNEED, 0},
	{DT_VERDEF, 0},
	{TAG_RELR, 0},
	{DT_TLSDESC_PLT, 0},
	{DT_TLSDESC_GOT, 0},
	{DT_STRSZ, DT_STRTAB},
	{DT_RELASZ, DT_RELA},
	{DT_PLTRELSZ, DT_JMPREL},
	{DT_INIT_ARRAYSZ, DT_INIT_ARRAY},
	{DT_FINI_ARRAYSZ, DT_FINI_ARRAY},
	{DT_PREINIT_ARRAYSZ, DT_PREINIT_ARRAY},
	{TAG_RELRSZ, TAG_RELR},
};

enum { DYNAMIC_MAX = 256 }; /* entries that are looked through for another */

static uint64_t value_of_tag(const ReferenceScan *scan, const ElfRegion *region, uint64_t tag)
{
	for (uint32_t i = 0; i < region->size / sizeof(Elf64_Dyn) && i < DYNAMIC_MAX; i++) {
		const uint8_t *entry = bytes_at(scan, region->offset + i * (uint32_t)sizeof(Elf64_Dyn));

		if (load_u64(entry) == tag)
			return load_u64(entry + 8);
	}
	return 0;
}

static void add_dynamic(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	uint64_t tag = load_u64(bytes_at(scan, at)), value = load_u64(bytes_at(scan, at) + 8);

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		uint64_t begin;

		if (tags[i].tag != tag)
			continue;
		if (tags[i].sized == 0) {
			add_address(scan, at + 8, value, found);
			return;
		}
		begin = value_of_tag(scan, region, tags[i].sized);
		if (elf_is_address(scan->elf, begin))
			add_span(at + 8, begin, value, found);
		return;
	}
}

void scan_dynamic(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	scan_entries(scan, region, region->offset, region_end(region), sizeof(Elf64_Dyn), add_dynamic, found);
}
