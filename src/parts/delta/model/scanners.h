/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The scanners of single kinds of regions, behind scan.h. Each begins at scan->at, which lies in the region,
 * and goes on to found->end or until there is no room. It leaves scan->at where it stopped: on whatever its
 * region is made of, or at found->end.
 */

#include "parts/delta/model/scan.h"

/* Where found references go, and the part of the file that they have to be in. */
typedef struct Found {
	Reference *items;
	size_t n, room;
	uint32_t from; /* where the stretch begins */
	uint32_t end;  /* where the stretch or the region ends, whichever is first */
	SteadyRange steady;
} Found;

/* A scanner stops while there are still so many places: no entry or instruction has more references. */
enum { SCAN_ENTRY_MAX = 8 };

/* Smaller constants in code are hardly ever the number of a line. */
enum { SCAN_NUMBER_MIN = 12 };

static inline bool found_has_room(const Found *found)
{
	return found->room - found->n >= SCAN_ENTRY_MAX;
}

/* Does what counts from this place of the file to that address stay as it is? */
static inline bool is_steady(const SteadyRange *steady, uint32_t at, uint64_t target)
{
	return target - steady->address < steady->size && (uint32_t)(at - steady->at) < steady->size;
}

/* Adds a reference, unless it is not whole within the stretch. */
static inline void found_add_moving(Found *found, Reference reference)
{
	if (reference.at >= found->from && reference.at + reference.size <= found->end)
		found->items[found->n++] = reference;
}

/* The same, unless it stays as it is. */
static inline void found_add(Found *found, Reference reference)
{
	if ((reference.from != ORIGIN_PLACE && reference.from != ORIGIN_BEHIND) ||
		!is_steady(&found->steady, reference.at, reference.target))
		found_add_moving(found, reference);
}

typedef void Scanner(ReferenceScan *scan, const ElfRegion *region, Found *found);

Scanner scan_x86_64;
Scanner scan_aarch64;
Scanner scan_tables;
Scanner scan_data;
Scanner scan_unwind;
Scanner scan_unwind_index;
Scanner scan_rela;
Scanner scan_relr;
Scanner scan_symbols;
Scanner scan_hash;
Scanner scan_dynamic;
Scanner scan_header;
Scanner scan_sections;

static inline uint64_t address_in(const ElfRegion *region, uint32_t at)
{
	return region->address + (at - region->offset);
}

static inline uint32_t region_end(const ElfRegion *region)
{
	return region->offset + region->size;
}

static inline const uint8_t *bytes_at(const ReferenceScan *scan, uint32_t at)
{
	return scan->elf->bytes.data + at;
}

/* Adds the references of one entry of a table; it is whole within the region. */
typedef void EntryScanner(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found);

/* A table with entries of one size, from first to before behind, which are within the region. */
static inline void scan_entries(ReferenceScan *scan, const ElfRegion *region, uint32_t first, uint32_t behind,
	uint32_t size, EntryScanner *add, Found *found)
{
	while (scan->at < found->end && found_has_room(found)) {
		uint32_t entry = scan->at > first ? scan->at - (scan->at - first) % size : first;

		if (entry >= behind || behind - entry < size) {
			scan->at = found->end;
			return;
		}
		add(scan, region, entry, found);
		scan->at = entry + size < found->end ? entry + size : found->end;
	}
}

/* A field that holds the address itself. */
static inline Reference reference_to(uint32_t at, uint8_t size, ReferenceKind kind, uint64_t target)
{
	return (Reference){
		.target = target,
		.at = at,
		.size = size,
		.kind = (uint8_t)kind,
		.from = ORIGIN_NOTHING,
		.unit = 1,
	};
}

/* A field that counts units from an address. */
static inline Reference reference_from(
	uint32_t at, uint8_t size, ReferenceKind kind, uint64_t origin, uint64_t value, uint8_t unit)
{
	return (Reference){
		.target = origin + value * unit,
		.origin = origin,
		.at = at,
		.size = size,
		.kind = (uint8_t)kind,
		.from = ORIGIN_ADDRESS,
		.unit = unit,
	};
}

/* A field that holds the size of what is at an address. */
static inline Reference reference_span(
	uint32_t at, uint8_t size, ReferenceKind kind, uint64_t begin, uint64_t length)
{
	return (Reference){
		.target = begin + length,
		.origin = begin,
		.at = at,
		.size = size,
		.kind = (uint8_t)kind,
		.from = ORIGIN_SPAN,
		.unit = 1,
	};
}
