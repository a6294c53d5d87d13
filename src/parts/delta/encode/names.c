/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/names.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "parts/delta/model/aarch64.h"

typedef struct Name {
	uint64_t address;
	uint32_t hash;
} Name;

struct Names {
	const Elf *elf;
	Name *items; /* sorted by address */
	size_t n;
};

Names *names_free(Names *names)
{
	if (names)
		free(names->items);
	free(names);
	return NULL;
}

static uint32_t hash_name(Bytes strings, uint32_t at)
{
	uint32_t hash = 0x811c9dc5;

	for (; at < strings.size && strings.data[at]; at++)
		hash = (hash ^ strings.data[at]) * 0x01000193;
	return hash | 1;
}

static Bytes region_bytes(const Elf *elf, uint32_t index)
{
	const ElfRegion *region = index < elf->n_regions ? &elf->regions[index] : NULL;

	return region ? (Bytes){elf->bytes.data + region->offset, region->size} : (Bytes){NULL, 0};
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const Name *)a)->address, y = ((const Name *)b)->address;

	return x < y ? -1 : x > y;
}

static void add_relocations(Names *names, const ElfRegion *region)
{
	const Elf *elf = names->elf;
	Bytes entries = {elf->bytes.data + region->offset, region->size};
	Bytes symbols = region_bytes(elf, region->link);
	Bytes strings =
		symbols.size > 0 ? region_bytes(elf, elf->regions[region->link].link) : (Bytes){NULL, 0};

	for (size_t at = 0; at + sizeof(Elf64_Rela) <= entries.size; at += sizeof(Elf64_Rela)) {
		uint64_t symbol = load_u32(entries.data + at + 12);

		if (symbol > 0 && (symbol + 1) * sizeof(Elf64_Sym) <= symbols.size)
			names->items[names->n++] = (Name){
				load_u64(entries.data + at),
				hash_name(strings, load_u32(symbols.data + symbol * sizeof(Elf64_Sym))),
			};
	}
}

int names_new(const Elf *elf, Names **ret, Error *error)
{
	CLEANUP(names_free) Names *names = calloc(1, sizeof(*names));
	size_t n = 0;

	if (!names)
		return error_memory(error);
	names->elf = elf;
	for (uint32_t i = 0; i < elf->n_regions; i++)
		if (elf->regions[i].kind == REGION_RELA)
			n += elf->regions[i].size / sizeof(Elf64_Rela);
	names->items = calloc(n + 1, sizeof(*names->items));
	if (!names->items)
		return error_memory(error);
	for (uint32_t i = 0; i < elf->n_regions; i++)
		if (elf->regions[i].kind == REGION_RELA)
			add_relocations(names, &elf->regions[i]);
	qsort(names->items, names->n, sizeof(*names->items), by_address);
	*ret = TAKE_PTR(names);
	return 0;
}

static uint32_t find_slot(const Names *names, uint64_t address)
{
	const Name wanted = {.address = address};
	const Name *found = bsearch(&wanted, names->items, names->n, sizeof(wanted), by_address);

	return found ? found->hash : 0;
}

/* endbr64, if any; then jmp or bnd jmp *slot(%rip). */
static uint64_t x86_64_slot(const uint8_t *code, size_t size, uint64_t address)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	size_t at = 0;

	if (size >= 4 && memcmp(code, endbr64, 4) == 0)
		at += 4;
	if (at < size && code[at] == 0xf2)
		at++;
	if (at + 6 > size || code[at] != 0xff || code[at + 1] != 0x25)
		return 0;
	return address + at + 6 + (uint64_t)(int64_t)(int32_t)load_u32(code + at + 2);
}

/* BTI, if any; then ADRP x16, LDR x17. */
static uint64_t aarch64_slot(const uint8_t *code, size_t size, uint64_t address)
{
	size_t at = size >= 4 && load_u32(code) == 0xd503245f ? 4 : 0;
	uint32_t page, load;

	if (at + 8 > size)
		return 0;
	page = load_u32(code + at);
	load = load_u32(code + at + 4);
	if (a64_form(page) != A64_ADRP || a64_target_register(page) != 16 || a64_form(load) != A64_LOW12)
		return 0;
	return a64_target(A64_ADRP, page, address + at) + a64_low12(load);
}

uint32_t names_find(const Names *names, uint64_t address)
{
	const Elf *elf = names->elf;
	const ElfRegion *region = elf_region_of_address(elf, address);
	uint32_t offset;
	uint64_t slot;

	if (!region || !region->executable)
		return find_slot(names, address);
	offset = region->offset + (uint32_t)(address - region->address);
	slot = elf->machine == ELF_MACHINE_X86_64
		       ? x86_64_slot(elf->bytes.data + offset, elf->bytes.size - offset, address)
	       : elf->machine == ELF_MACHINE_AARCH64
		       ? aarch64_slot(elf->bytes.data + offset, elf->bytes.size - offset, address)
		       : 0;
	return slot ? find_slot(names, slot) : 0;
}
