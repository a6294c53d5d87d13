/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/elf.h"

#include <stdlib.h>

#include "parts/delta/model/elf-headers.h"

enum { SIZE_LIMIT = 0xffff0000u };

static bool read_headers(Bytes bytes, ElfHeaders *ret)
{
	Elf64_Ehdr *file = &ret->file;

	if (bytes.size < sizeof(*file))
		return false;
	memcpy(file, bytes.data, sizeof(*file));
	if (memcmp(file->e_ident, ELFMAG, SELFMAG) != 0 || file->e_ident[EI_CLASS] != ELFCLASS64 ||
		file->e_ident[EI_DATA] != ELFDATA2LSB || (file->e_type != ET_EXEC && file->e_type != ET_DYN))
		return false;
	if (file->e_phnum > 0 &&
		(file->e_phentsize != sizeof(Elf64_Phdr) ||
			!range_within(file->e_phoff, file->e_phnum * sizeof(Elf64_Phdr), bytes.size)))
		return false;
	if (file->e_shnum > 0 &&
		(file->e_shentsize != sizeof(Elf64_Shdr) ||
			!range_within(file->e_shoff, file->e_shnum * sizeof(Elf64_Shdr), bytes.size)))
		return false;
	ret->programs = bytes.data + (file->e_phnum > 0 ? file->e_phoff : 0);
	ret->sections = bytes.data + (file->e_shnum > 0 ? file->e_shoff : 0);
	return true;
}

/* Raises *end to where [offset, offset + size) ends; false when that is not within most. */
static bool reach(uint64_t offset, uint64_t size, uint64_t most, uint64_t *end)
{
	if (!range_within(offset, size, most))
		return false;
	if (offset + size > *end)
		*end = offset + size;
	return true;
}

int elf_measure(Bytes bytes, uint32_t *ret_size)
{
	ElfHeaders headers;
	uint64_t most = bytes.size < SIZE_LIMIT ? bytes.size : SIZE_LIMIT, end = sizeof(Elf64_Ehdr);
	bool fits;

	if (!read_headers(bytes, &headers))
		return ELF_NOT;
	fits = reach(headers.file.e_phoff, headers.file.e_phnum * sizeof(Elf64_Phdr), most, &end) &&
	       reach(headers.file.e_shoff, headers.file.e_shnum * sizeof(Elf64_Shdr), most, &end);
	for (unsigned i = 0; fits && i < headers.file.e_phnum; i++) {
		Elf64_Phdr program = elf_program_at(&headers, i);

		fits = program.p_type != PT_LOAD || reach(program.p_offset, program.p_filesz, most, &end);
	}
	for (unsigned i = 0; fits && i < headers.file.e_shnum; i++) {
		Elf64_Shdr section = elf_section_at(&headers, i);

		fits = section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL ||
		       reach(section.sh_offset, section.sh_size, most, &end);
	}
	if (!fits)
		return ELF_NOT;
	*ret_size = (uint32_t)end;
	return 0;
}

bool segments_address(const ElfSegment *segments, uint32_t n, uint32_t offset, uint64_t *ret)
{
	for (uint32_t i = 0; i < n; i++)
		if (offset - segments[i].offset < segments[i].file_size && offset >= segments[i].offset) {
			*ret = segments[i].address + (offset - segments[i].offset);
			return true;
		}
	*ret = ELF_NOT_LOADED + offset;
	return true;
}

bool segments_offset(const ElfSegment *segments, uint32_t n, uint64_t address, uint32_t *ret)
{
	for (uint32_t i = 0; i < n; i++)
		if (address - segments[i].address < segments[i].file_size) {
			*ret = segments[i].offset + (uint32_t)(address - segments[i].address);
			return true;
		}
	if (address - ELF_NOT_LOADED > UINT32_MAX)
		return false;
	*ret = (uint32_t)(address - ELF_NOT_LOADED);
	return true;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Within size from begin on, where every place that an earlier range has belongs to that one. Distances wrap,
 * as addresses do. */
static void enter_range(uint64_t at, uint64_t begin, uint64_t size, SegmentReach *reach)
{
	reach->before = least(reach->before, at - begin);
	reach->behind = least(reach->behind, size - (at - begin));
}

static void avoid_range(uint64_t at, uint64_t begin, uint64_t size, SegmentReach *reach)
{
	if (size == 0)
		return;
	reach->before = least(reach->before, at - (begin + size));
	reach->behind = least(reach->behind, begin - at);
}

SegmentReach segments_reach_of_address(const ElfSegment *segments, uint32_t n, uint64_t address)
{
	SegmentReach reach = {UINT64_MAX, UINT64_MAX};

	for (uint32_t i = 0; i < n; i++) {
		if (address - segments[i].address < segments[i].file_size) {
			enter_range(address, segments[i].address, segments[i].file_size, &reach);
			return reach;
		}
		avoid_range(address, segments[i].address, segments[i].file_size, &reach);
	}
	return (SegmentReach){0, 1};
}

SegmentReach segments_reach_of_offset(const ElfSegment *segments, uint32_t n, uint32_t offset)
{
	SegmentReach reach = {UINT64_MAX, UINT64_MAX};

	for (uint32_t i = 0; i < n; i++) {
		if (offset >= segments[i].offset && offset - segments[i].offset < segments[i].file_size) {
			enter_range(offset, segments[i].offset, segments[i].file_size, &reach);
			return reach;
		}
		avoid_range(offset, segments[i].offset, segments[i].file_size, &reach);
	}
	return (SegmentReach){0, 1};
}

bool elf_is_address(const Elf *elf, uint64_t address)
{
	for (uint32_t i = 0; i < elf->n_segments; i++)
		if (address - elf->segments[i].address < elf->segments[i].memory_size)
			return address != 0;
	return false;
}

/* What elf_measure() has accepted lies within the file. */
static void read_segments(const ElfHeaders *headers, Elf *elf)
{
	for (unsigned i = 0; i < headers->file.e_phnum && elf->n_segments < ELF_SEGMENTS_MAX; i++) {
		Elf64_Phdr program = elf_program_at(headers, i);

		if (program.p_type == PT_LOAD)
			elf->segments[elf->n_segments++] = (ElfSegment){
				.address = program.p_vaddr,
				.memory_size = program.p_memsz,
				.offset = (uint32_t)program.p_offset,
				.file_size = (uint32_t)program.p_filesz,
			};
	}
}

/* Makes room for the marks where jump tables begin: one bit for each place of .rodata that may be such. */
static int find_tables(Elf *elf, ElfBudget *budget, Error *error)
{
	size_t size;

	for (uint32_t i = 0; i < elf->n_regions; i++)
		if (elf->regions[i].kind == REGION_TABLES) {
			elf->tables_from = elf->regions[i].offset & ~3u;
			elf->tables_to = elf->regions[i].offset + elf->regions[i].size;
			break;
		}
	size = (elf->tables_to - elf->tables_from + 31) / 32;
	if (size == 0 || size > budget->tables) {
		elf->tables_to = elf->tables_from;
		return 0;
	}
	elf->table_starts = calloc(size, 1);
	if (!elf->table_starts)
		return error_memory(error);
	budget->tables -= size;
	return 0;
}

void elf_forget_tables(Elf *elf)
{
	if (elf->table_starts)
		memset(elf->table_starts, 0, (elf->tables_to - elf->tables_from + 31) / 32);
}

/* The relocations that a PLT counts in: those for slots alone, with the section of the slots as their info.
 */
static void find_plt_relocations(Elf *elf, const ElfHeaders *headers)
{
	for (unsigned i = 0; i < headers->file.e_shnum; i++) {
		Elf64_Shdr section = elf_section_at(headers, i);

		if (section.sh_type == SHT_RELA && section.sh_flags & SHF_INFO_LINK &&
			section.sh_flags & SHF_ALLOC)
			elf->plt_relocations = section.sh_addr;
	}
}

int elf_parse(Bytes bytes, ElfBudget *budget, Elf *ret, Error *error)
{
	CLEANUP(elf_clear) Elf elf = {.bytes = bytes};
	ElfHeaders headers;
	uint32_t size;

	if (!read_headers(bytes, &headers) || elf_measure(bytes, &size) != 0 || size != bytes.size)
		return error_set(error, "this is no ELF file, or not exactly one");
	elf.machine = headers.file.e_machine == EM_X86_64    ? ELF_MACHINE_X86_64
		      : headers.file.e_machine == EM_AARCH64 ? ELF_MACHINE_AARCH64
							     : ELF_MACHINE_OTHER;
	elf.fixed_address = headers.file.e_type == ET_EXEC;
	read_segments(&headers, &elf);
	if (elf_find_regions(&elf, &headers, error) < 0 || find_tables(&elf, budget, error) < 0 ||
		elf_find_pointers(&elf, budget, error) < 0)
		return -1;
	find_plt_relocations(&elf, &headers);
	*ret = elf;
	elf = (Elf){.regions = NULL};
	return 0;
}

void elf_clear(Elf *elf)
{
	free(elf->regions);
	free(elf->pointers);
	free(elf->table_starts);
	*elf = (Elf){.regions = NULL};
}

const ElfRegion *elf_region_at(const Elf *elf, uint32_t offset)
{
	uint32_t from = 0, to = elf->n_regions;

	while (to - from > 1) {
		uint32_t middle = from + (to - from) / 2;

		if (elf->regions[middle].offset <= offset)
			from = middle;
		else
			to = middle;
	}
	return &elf->regions[from];
}

const ElfRegion *elf_region_of_address(const Elf *elf, uint64_t address)
{
	const ElfRegion *region;
	uint32_t offset;

	if (!segments_offset(elf->segments, elf->n_segments, address, &offset) || offset >= elf->bytes.size)
		return NULL;
	region = elf_region_at(elf, offset);
	return region->loaded && address < ELF_NOT_LOADED ? region : NULL;
}
