/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "parts/delta/model/elf-headers.h"

/* What is found, or counted when items is NULL. */
typedef struct Pointers {
	uint32_t *items;
	size_t n, room;
	bool unsorted;
	const ElfRegion *region; /* of the last one: the next is mostly there, too */
} Pointers;

static const ElfRegion *region_at(const Elf *elf, uint32_t offset, Pointers *pointers)
{
	if (!pointers->region || offset - pointers->region->offset >= pointers->region->size)
		pointers->region = elf_region_at(elf, offset);
	return pointers->region;
}

/* A word of data that holds an address. What is filled in when the file is loaded, and zero until then, has
 * nothing to predict. */
static void add_pointer(const Elf *elf, Pointers *pointers, uint64_t address)
{
	uint32_t offset;

	if (address >= ELF_NOT_LOADED || !segments_offset(elf->segments, elf->n_segments, address, &offset) ||
		!range_within(offset, 8, elf->bytes.size) ||
		region_at(elf, offset, pointers)->kind != REGION_DATA ||
		!elf_is_address(elf, load_u64(elf->bytes.data + offset)))
		return;
	if (pointers->items && pointers->n < pointers->room) {
		pointers->items[pointers->n] = offset;
		if (pointers->n > 0 && pointers->items[pointers->n - 1] > offset)
			pointers->unsorted = true;
	}
	pointers->n++;
}

static void walk_rela(const Elf *elf, const ElfRegion *region, Pointers *pointers)
{
	const uint8_t *at = elf->bytes.data + region->offset;

	for (uint32_t n = region->size / (uint32_t)sizeof(Elf64_Rela); n > 0; n--, at += sizeof(Elf64_Rela))
		add_pointer(elf, pointers, load_u64(at));
}

/* An even word is an address, and the next one counts from behind it; an odd one says by its bits which of
 * the next 63 words are pointers, too. Neither names a word twice: more than the file has are not looked at.
 */
static void walk_relr(const Elf *elf, const ElfRegion *region, Pointers *pointers)
{
	const uint8_t *at = elf->bytes.data + region->offset;
	size_t left = elf->bytes.size / 8;
	uint64_t next = 0;

	for (uint32_t n = region->size / 8; n > 0 && left > 63; n--, at += 8) {
		uint64_t word = load_u64(at);

		if (word % 2 == 0) {
			add_pointer(elf, pointers, word);
			left--;
			next = word + 8;
			continue;
		}
		for (uint64_t bits = word >> 1; bits > 0; bits &= bits - 1) {
			add_pointer(elf, pointers, next + 8 * (uint64_t)__builtin_ctzll(bits));
			left--;
		}
		next += 8 * 63;
	}
}

static void walk_all(const Elf *elf, Pointers *pointers)
{
	for (uint32_t i = 0; i < elf->n_regions; i++) {
		const ElfRegion *region = &elf->regions[i];

		if (region->kind == REGION_RELA && region->loaded)
			walk_rela(elf, region, pointers);
		else if (region->kind == REGION_RELR && region->loaded)
			walk_relr(elf, region, pointers);
	}
}

static int by_offset(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int elf_find_pointers(Elf *elf, ElfBudget *budget, Error *error)
{
	Pointers pointers = {.items = NULL};
	size_t kept = 0;

	walk_all(elf, &pointers);
	if (pointers.n == 0 || pointers.n > budget->pointers)
		return 0;
	budget->pointers -= pointers.n;
	pointers.room = pointers.n;
	pointers.n = 0;
	pointers.items = calloc(pointers.room, sizeof(*pointers.items));
	if (!pointers.items)
		return error_memory(error);
	elf->pointers = pointers.items;
	walk_all(elf, &pointers);
	/* As linkers write them they are sorted, but for a few. */
	if (pointers.unsorted)
		qsort(pointers.items, pointers.n, sizeof(*pointers.items), by_offset);
	for (size_t i = 0; i < pointers.n; i++)
		if (kept == 0 || pointers.items[i] >= pointers.items[kept - 1] + 8)
			pointers.items[kept++] = pointers.items[i];
	elf->n_pointers = (uint32_t)kept;
	return 0;
}
