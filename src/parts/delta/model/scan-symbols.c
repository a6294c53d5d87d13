/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>

#include "parts/delta/model/scanners.h"

/* Has its value in this file, and it is no offset into the storage of threads. */
static bool has_address(const Elf *elf, const Elf64_Sym *symbol)
{
	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       symbol->st_shndx != SHN_COMMON && ELF64_ST_TYPE(symbol->st_info) != STT_TLS &&
	       elf_is_address(elf, symbol->st_value);
}

static void add_symbol(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	const Elf *elf = scan->elf;
	Elf64_Sym symbol;

	memcpy(&symbol, bytes_at(scan, at), sizeof(symbol));
	if (symbol.st_name > 0 && region->link != UINT32_MAX)
		found_add(found, reference_from(at, 4, REFERENCE_SYMBOL_NAME,
					 elf->regions[region->link].address, symbol.st_name, 1));
	if (!has_address(elf, &symbol))
		return;
	found_add(found, reference_to(at + 8, 8, REFERENCE_SYMBOL, symbol.st_value));
	if (symbol.st_size > 0)
		found_add(found,
			reference_span(at + 16, 8, REFERENCE_SYMBOL_SIZE, symbol.st_value, symbol.st_size));
}

void scan_symbols(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	scan_entries(scan, region, region->offset, region_end(region), sizeof(Elf64_Sym), add_symbol, found);
}

static void add_bucket(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	uint32_t index = load_u32(bytes_at(scan, at));

	if (index > 0)
		found_add(found, reference_from(at, 4, REFERENCE_HASH,
					 scan->elf->regions[region->link].address, index, sizeof(Elf64_Sym)));
}

/* .gnu.hash: a header of four words, the bloom filter, the buckets, the chains. Only buckets are references:
 * the index of a symbol each. */
void scan_hash(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	const uint8_t *header = bytes_at(scan, region->offset);
	uint64_t first, behind;

	if (region->size < 16 || region->link == UINT32_MAX) {
		scan->at = found->end;
		return;
	}
	first = region->offset + 16 + 8 * (uint64_t)load_u32(header + 8);
	behind = first + 4 * (uint64_t)load_u32(header);
	if (behind > region_end(region)) {
		scan->at = found->end;
		return;
	}
	scan_entries(scan, region, (uint32_t)first, (uint32_t)behind, 4, add_bucket, found);
}
