/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/addresses.h"

#include <stdlib.h>

enum { LESSON_BITS = 15, LESSONS = 1 << LESSON_BITS, FOUND_BITS = 12, FOUND = 1 << FOUND_BITS };

/* Something known of a target, while it is asked about between the same two files. */
typedef struct Answer {
	uint64_t target, actual;
	uint32_t pair; /* 0: nothing is known */
	AddressSource source;
} Answer;

struct Addresses {
	const Layout *layout;
	const OldElf *old;
	const NewElf *new;
	uint64_t block_address, block_size; /* what block copies: old addresses */
	uint64_t block_shift;               /* from there to the new ones */
	uint32_t pair, n_pairs;
	Answer lessons[LESSONS];
	Answer found[FOUND]; /* spares a search for what is asked again; changes no answer */
};

int addresses_new(const Layout *layout, Addresses **ret, Error *error)
{
	Addresses *addresses = calloc(1, sizeof(*addresses));

	if (!addresses)
		return error_memory(error);
	addresses->layout = layout;
	*ret = addresses;
	return 0;
}

Addresses *addresses_free(Addresses *addresses)
{
	free(addresses);
	return NULL;
}

static size_t slot_of(uint64_t target, unsigned bits)
{
	return target * 0x9e3779b97f4a7c15ull >> (64 - bits);
}

/* How many bytes from a place on keep their distance in memory: up to the end of its segment. */
static uint32_t distance_to_end(const ElfSegment *segments, uint32_t n, uint32_t offset)
{
	for (uint32_t i = 0; i < n; i++)
		if (offset >= segments[i].offset && offset - segments[i].offset < segments[i].file_size)
			return segments[i].file_size - (offset - segments[i].offset);
	return 0;
}

static void enter_block(Addresses *addresses, const Block *block)
{
	const OldElf *old = addresses->old;
	const NewElf *new = addresses->new;
	uint32_t from = block->old - old->at;
	uint32_t in_old = distance_to_end(old->elf.segments, old->elf.n_segments, from);
	uint32_t in_new = distance_to_end(new->segments, new->n_segments, block->at - new->at);
	uint32_t shared = in_old < in_new ? in_old : in_new;

	(void)segments_address(old->elf.segments, old->elf.n_segments, from, &addresses->block_address);
	addresses->block_shift = addresses_of_new(new, block->at) - addresses->block_address;
	addresses->block_size = block->length < shared ? block->length : shared;
}

void addresses_between(Addresses *addresses, const OldElf *old, const NewElf *new, const Block *block)
{
	/* Pairs are told apart by a number: what was learnt of one is forgotten when another comes. */
	if (old != addresses->old || new != addresses->new)
		addresses->pair = ++addresses->n_pairs;
	addresses->old = old;
	addresses->new = new;
	addresses->block_size = 0;
	if (block)
		enter_block(addresses, block);
}

uint64_t addresses_of_new(const NewElf *new, uint32_t at)
{
	uint64_t address;

	return segments_address(new->segments, new->n_segments, at - new->at, &address) ? address : 0;
}

/* What is in no file (.bss) keeps its distance from the end of its segment's bytes. */
static uint64_t map_unbacked(const Elf *old, const NewElf *new, uint64_t target, AddressSource *ret_source)
{
	for (uint32_t i = 0; i < old->n_segments && i < new->n_segments; i++) {
		const ElfSegment *from = &old->segments[i], *to = &new->segments[i];

		if (target - from->address <= from->memory_size) {
			*ret_source = ADDRESS_GUESSED;
			return target - from->address - from->file_size + to->address + to->file_size;
		}
	}
	*ret_source = ADDRESS_UNKNOWN;
	return target;
}

static uint64_t map_by_blocks(const Addresses *addresses, uint64_t target, AddressSource *ret_source)
{
	const Layout *layout = addresses->layout;
	const OldElf *old = addresses->old;
	const NewElf *new = addresses->new;
	const Block *block, *before, *behind;
	uint32_t offset, place;

	if (!segments_offset(old->elf.segments, old->elf.n_segments, target, &offset) ||
		offset > old->elf.bytes.size)
		return map_unbacked(&old->elf, new, target, ret_source);
	place = old->at + offset;
	block = layout_block_of(layout, new, place, &before, &behind);
	*ret_source = block ? ADDRESS_COPIED : ADDRESS_GUESSED;
	if (!block) {
		uint32_t far_before = before ? place - (before->old + before->length) : UINT32_MAX;
		uint32_t far_behind = behind ? behind->old - place : UINT32_MAX;

		block = far_before <= far_behind ? before : behind;
	}
	if (!block) {
		*ret_source = ADDRESS_UNKNOWN;
		return target;
	}
	return addresses_of_new(new, block->at + (place - block->old));
}

uint64_t addresses_map(Addresses *addresses, uint64_t target, AddressSource *ret_source)
{
	const Answer *lesson = &addresses->lessons[slot_of(target, LESSON_BITS)];
	Answer *found = &addresses->found[slot_of(target, FOUND_BITS)];

	if (lesson->target == target && lesson->pair == addresses->pair) {
		*ret_source = ADDRESS_LEARNT;
		return lesson->actual;
	}
	if (target - addresses->block_address < addresses->block_size) {
		*ret_source = ADDRESS_COPIED;
		return target + addresses->block_shift;
	}
	if (found->target != target || found->pair != addresses->pair) {
		found->actual = map_by_blocks(addresses, target, &found->source);
		found->target = target;
		found->pair = addresses->pair;
	}
	*ret_source = found->source;
	return found->actual;
}

void addresses_learn(Addresses *addresses, uint64_t target, uint64_t actual)
{
	addresses->lessons[slot_of(target, LESSON_BITS)] = (Answer){
		.target = target, .actual = actual, .pair = addresses->pair, .source = ADDRESS_LEARNT};
}
