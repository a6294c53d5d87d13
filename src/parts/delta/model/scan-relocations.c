/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>

#include "parts/delta/model/scanners.h"

/* Relocations whose addend is an address. */
static bool has_address(const Elf *elf, uint32_t type)
{
	switch (elf->machine) {
	case ELF_MACHINE_X86_64:
		return type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE;
	case ELF_MACHINE_AARCH64:
		return type == R_AARCH64_RELATIVE || type == R_AARCH64_IRELATIVE;
	case ELF_MACHINE_OTHER:
		break;
	}
	return false;
}

static void add_rela(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	const Elf *elf = scan->elf;
	const uint8_t *entry = bytes_at(scan, at);
	uint64_t place = load_u64(entry + offsetof(Elf64_Rela, r_offset));
	uint64_t addend = load_u64(entry + offsetof(Elf64_Rela, r_addend));
	uint32_t type = load_u32(entry + 8), symbol = load_u32(entry + 12);

	if (elf_is_address(elf, place))
		found_add(found, reference_to(at, 8, REFERENCE_RELOCATION, place));
	if (symbol > 0 && region->link != UINT32_MAX)
		found_add(found, reference_from(at + 12, 4, REFERENCE_RELOCATION_SYMBOL,
					 elf->regions[region->link].address, symbol, sizeof(Elf64_Sym)));
	if (has_address(elf, type) && elf_is_address(elf, addend))
		found_add(found, reference_to(at + 16, 8, REFERENCE_ADDEND, addend));
}

void scan_rela(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	scan_entries(scan, region, region->offset, region_end(region), sizeof(Elf64_Rela), add_rela, found);
}

/* Odd words are bitmaps. */
static void add_relr(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	uint64_t word = load_u64(bytes_at(scan, at));

	(void)region;
	if (word % 2 == 0 && elf_is_address(scan->elf, word))
		found_add(found, reference_to(at, 8, REFERENCE_RELOCATION, word));
}

void scan_relr(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	scan_entries(scan, region, region->offset, region_end(region), 8, add_relr, found);
}
