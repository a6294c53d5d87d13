/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/scan.h"

#include "parts/delta/model/scanners.h"

static Scanner *const scanners[REGION_KINDS] = {
	[REGION_X86_64] = scan_x86_64,
	[REGION_AARCH64] = scan_aarch64,
	[REGION_TABLES] = scan_tables,
	[REGION_DATA] = scan_data,
	[REGION_UNWIND] = scan_unwind,
	[REGION_UNWIND_INDEX] = scan_unwind_index,
	[REGION_RELA] = scan_rela,
	[REGION_RELR] = scan_relr,
	[REGION_SYMBOLS] = scan_symbols,
	[REGION_HASH] = scan_hash,
	[REGION_DYNAMIC] = scan_dynamic,
	[REGION_HEADER] = scan_header,
	[REGION_SECTIONS] = scan_sections,
};

/* What scanners keep from one call to the next holds within one region. */
static void enter_region(ReferenceScan *scan)
{
	scan->with_pages = 0;
	scan->cie = 0;
	scan->lost = false;
	scan->table = UINT32_MAX;
}

void reference_scan_begin(ReferenceScan *scan, Elf *elf, uint32_t from, uint32_t end, uint32_t skip)
{
	const ElfRegion *region;

	/* Never looks behind the file, wherever the stretch is said to be. */
	if (end > elf->bytes.size)
		end = (uint32_t)elf->bytes.size;
	*scan = (ReferenceScan){.elf = elf, .at = from < end ? from : end, .from = from, .end = end};
	enter_region(scan);
	if (from >= end)
		return;
	region = elf_region_at(elf, from);
	if (skip > 0 && (region->kind == REGION_X86_64 || region->kind == REGION_UNWIND)) {
		uint32_t most = (region_end(region) < end ? region_end(region) : end) - from;

		scan->at = from + (skip < most ? skip : most);
	}
}

size_t reference_scan_next(ReferenceScan *scan, Reference *ret, size_t room)
{
	Found found = {.items = ret, .room = room, .from = scan->from, .steady = scan->steady};

	while (scan->at < scan->end && found_has_room(&found)) {
		const ElfRegion *region = elf_region_at(scan->elf, scan->at);

		found.end = region_end(region) < scan->end ? region_end(region) : scan->end;
		if (scan->at == region->offset)
			enter_region(scan);
		if (scanners[region->kind])
			scanners[region->kind](scan, region, &found);
		else
			scan->at = found.end;
	}
	return found.n;
}
