/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/scanners.h"

enum { TABLE_LOOK_BACK = 4096, NO_TABLE = UINT32_MAX };

static void add_word(ReferenceScan *scan, uint32_t at, Found *found)
{
	uint64_t value = load_u64(bytes_at(scan, at));

	if (elf_is_address(scan->elf, value))
		found_add(found, reference_to(at, 8, REFERENCE_POINTER, value));
}

static uint32_t first_pointer_from(const Elf *elf, uint32_t offset)
{
	uint32_t from = 0, to = elf->n_pointers;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (elf->pointers[middle] < offset)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Skips what is less than a whole entry at the end of the stretch, or was stepped over. */
static void finish_entries(ReferenceScan *scan, uint32_t size, const Found *found)
{
	if (scan->at > found->end || found->end - scan->at < size)
		scan->at = found->end;
}

/* Where nothing is relocated, whatever looks like an address is taken for one. */
static void scan_words(ReferenceScan *scan, Found *found)
{
	scan->at = (scan->at + 7) & ~7u;
	for (; scan->at < found->end && found->end - scan->at >= 8 && found_has_room(found); scan->at += 8)
		add_word(scan, scan->at, found);
	finish_entries(scan, 8, found);
}

void scan_data(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	const Elf *elf = scan->elf;

	(void)region;
	if (elf->fixed_address) {
		scan_words(scan, found);
		return;
	}
	for (uint32_t i = first_pointer_from(elf, scan->at); found_has_room(found); i++) {
		if (i == elf->n_pointers || elf->pointers[i] >= found->end ||
			found->end - elf->pointers[i] < 8) {
			scan->at = found->end;
			return;
		}
		add_word(scan, elf->pointers[i], found);
		scan->at = elf->pointers[i] + 8;
	}
}

static bool is_start(const Elf *elf, uint32_t offset)
{
	uint32_t bit = (offset - elf->tables_from) / 4;

	return offset >= elf->tables_from && offset < elf->tables_to &&
	       elf->table_starts[bit / 8] >> bit % 8 & 1;
}

/* A table under way. code: where the last entry led to, for the next one mostly leads there, too. */
typedef struct Table {
	uint64_t address;
	const ElfRegion *code;
} Table;

/* Entries say how far their code is from the begin of their table. */
static bool is_entry(const Elf *elf, Table *table, uint32_t at, uint64_t *ret)
{
	*ret = table->address + (uint64_t)(int64_t)(int32_t)load_u32(elf->bytes.data + at);
	if (!table->code || *ret - table->code->address >= table->code->size)
		table->code = elf_region_of_address(elf, *ret);
	return table->code && table->code->executable;
}

/* The table that a place within .rodata belongs to, when a stretch begins there. */
static uint32_t table_around(const Elf *elf, const ElfRegion *region, uint32_t at)
{
	uint32_t most = at - region->offset < TABLE_LOOK_BACK ? at - region->offset : TABLE_LOOK_BACK;
	uint32_t back = 4;
	Table table;
	uint64_t target;

	while (back <= most && !is_start(elf, at - back))
		back += 4;
	if (back > most)
		return NO_TABLE;
	table = (Table){.address = address_in(region, at - back)};
	for (uint32_t entry = at - back; entry < at; entry += 4)
		if (!is_entry(elf, &table, entry, &target))
			return NO_TABLE;
	return at - back;
}

static void scan_entries_of_tables(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	const Elf *elf = scan->elf;
	Table table = {.code = NULL};
	uint64_t target;

	for (; scan->at < found->end && found->end - scan->at >= 4 && found_has_room(found); scan->at += 4) {
		if (is_start(elf, scan->at))
			scan->table = scan->at;
		if (scan->table == NO_TABLE)
			continue;
		table.address = address_in(region, scan->table);
		if (is_entry(elf, &table, scan->at, &target))
			found_add(found, reference_from(scan->at, 4, REFERENCE_TABLE, table.address,
						 target - table.address, 1));
		else
			scan->table = NO_TABLE;
	}
}

/* Where nothing is relocated, the tables of .rodata hold whole addresses. */
void scan_tables(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	const Elf *elf = scan->elf;
	bool begins = scan->at == scan->from;

	if (elf->fixed_address) {
		scan_words(scan, found);
		return;
	}
	if (!elf->table_starts) {
		scan->at = found->end;
		return;
	}
	scan->at = (scan->at + 3) & ~3u;
	if (begins && scan->at < found->end)
		scan->table = table_around(elf, region, scan->at);
	scan_entries_of_tables(scan, region, found);
	finish_entries(scan, 4, found);
}
