/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/normal.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/encode/names.h"
#include "parts/delta/model/aarch64.h"
#include "parts/delta/model/scan.h"

enum { CHUNK = 512, NUMBER_TOKEN = 0x11111111 };

typedef struct Normal {
	const Elf *elf;
	const Names *names;
	const uint8_t *masked; /* the file without its references */
	uint8_t *bytes;
	Addresses *addresses;
} Normal;

typedef void (*Visit)(Normal *normal, const Reference *reference);

static void visit_all(Normal *normal, Elf *elf, Visit visit)
{
	Reference references[CHUNK];
	ReferenceScan scan;

	reference_scan_begin(&scan, elf, 0, (uint32_t)elf->bytes.size, 0);
	while (scan.at < scan.end) {
		size_t n = reference_scan_next(&scan, references, CHUNK);

		for (size_t i = 0; i < n; i++)
			visit(normal, &references[i]);
	}
}

static uint32_t hash_of(uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ b * 0xc2b2ae3d27d4eb4full) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(x >> 32);
}

/* Puts a token where the reference's field is. */
static void put_token(Normal *normal, const Reference *reference, uint32_t token)
{
	uint8_t *field = normal->bytes + reference->at;

	if (reference->form == REFERENCE_A64) {
		uint32_t word = load_u32(field), mask = a64_field_mask(a64_form(word));

		word = (word & ~mask) | (token & mask);
		memcpy(field, &word, 4);
		return;
	}
	for (unsigned i = 0; i < reference->size; i++)
		field[i] = (uint8_t)((uint64_t)token >> (8 * i));
}

static void visit_mask(Normal *normal, const Reference *reference)
{
	put_token(normal, reference, 0);
}

static uint32_t token_of_content(const Normal *normal, uint64_t target, unsigned kind)
{
	const Elf *elf = normal->elf;
	const ElfRegion *region;
	uint32_t offset, n, hash = kind == REFERENCE_SHORT || kind == REFERENCE_BRANCH ? 4 : 16;

	uint32_t name = names_find(normal->names, target);

	if (name)
		return name;
	if (!segments_offset(elf->segments, elf->n_segments, target, &offset) || offset >= elf->bytes.size)
		return 0x01010101;
	region = elf_region_at(elf, offset);
	n = region->offset + region->size - offset;
	if (!region->executable && kind != REFERENCE_SYMBOL_NAME)
		hash = 8;
	n = n < hash ? n : hash;
	hash = region->kind;
	for (uint32_t i = 0; i < n; i++) {
		hash = hash_of(hash, normal->masked[offset + i]);
		if (!region->executable && normal->masked[offset + i] == 0)
			break;
	}
	return hash;
}

static void visit_content(Normal *normal, const Reference *reference)
{
	if (reference->from == ORIGIN_NUMBER)
		put_token(normal, reference, NUMBER_TOKEN);
	else if (reference->from != ORIGIN_SPAN) /* a size mostly stays */
		put_token(normal, reference, token_of_content(normal, reference->target, reference->kind));
}

int normal_by_content(Elf *elf, uint8_t *bytes, Error *error)
{
	CLEANUP_FREE uint8_t *masked = malloc(elf->bytes.size + 1);
	CLEANUP(names_free) Names *names = NULL;
	Normal normal = {.elf = elf, .bytes = masked};

	if (!masked)
		return error_memory(error);
	if (names_new(elf, &names, error) < 0)
		return -1;
	normal.names = names;
	memcpy(masked, elf->bytes.data, elf->bytes.size);
	visit_all(&normal, elf, visit_mask);
	normal.masked = masked;
	normal.bytes = bytes;
	visit_all(&normal, elf, visit_content);
	return 0;
}

static void visit_new(Normal *normal, const Reference *reference)
{
	if (reference->from == ORIGIN_NUMBER)
		put_token(normal, reference, NUMBER_TOKEN);
	else if (reference->from == ORIGIN_SPAN)
		put_token(normal, reference, hash_of(reference->target - reference->origin, 7));
	else
		put_token(normal, reference, hash_of(reference->target, 1));
}

static void visit_old(Normal *normal, const Reference *reference)
{
	AddressSource source;
	uint64_t target;

	if (reference->from == ORIGIN_NUMBER) {
		put_token(normal, reference, NUMBER_TOKEN);
		return;
	}
	if (reference->from == ORIGIN_SPAN) {
		target = addresses_map(normal->addresses, reference->target - 1, &source) + 1;
		target -= addresses_map(normal->addresses, reference->origin, &source);
		put_token(normal, reference, hash_of(target, 7));
		return;
	}
	target = addresses_map(normal->addresses, reference->target, &source);
	put_token(normal, reference, hash_of(target, 1));
}

void normal_new_by_place(Elf *elf, uint8_t *bytes)
{
	Normal normal = {.elf = elf, .bytes = bytes};

	visit_all(&normal, elf, visit_new);
}

void normal_old_by_place(OldElf *old, const NewElf *new, Addresses *addresses, uint8_t *bytes)
{
	Normal normal = {.elf = &old->elf, .bytes = bytes, .addresses = addresses};

	addresses_between(addresses, old, new, NULL);
	visit_all(&normal, &old->elf, visit_old);
}
