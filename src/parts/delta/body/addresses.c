/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/addresses.h"

#include <stdlib.h>
#include <string.h>

enum {
	LESSON_BITS = 15,
	LESSONS = 1 << LESSON_BITS,
	RUN_BITS = 11,
	RUNS = 1 << RUN_BITS,
	RUN_GRANULE = 12, /* log2 of the addresses that share a place among the runs */
};

/* What a reference has taught, while it is asked about between the same two files. */
typedef struct Lesson {
	uint64_t target, actual;
	uint32_t pair;
} Lesson;

/* Addresses that move together. */
typedef struct Run {
	uint64_t from, shift;
	uint32_t length; /* 0: nothing is known */
	uint32_t key;    /* pair and AddressSource */
} Run;

struct Addresses {
	const Layout *layout;
	const OldElf *old;
	const NewElf *new;
	SteadyRange steady;
	uint32_t pair, n_pairs;
	uint64_t taught[LESSONS / 64]; /* which lessons may be of this pair: small enough to be at hand */
	bool has_taught;
	Run runs[RUNS]; /* spare a search for what is asked again; change no answer */
	Lesson lessons[LESSONS];
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

static size_t slot_of(uint64_t target)
{
	return target * 0x9e3779b97f4a7c15ull >> (64 - LESSON_BITS);
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
	SteadyRange *steady = &addresses->steady;
	uint32_t from = block->old - old->at;
	uint32_t in_old = distance_to_end(old->elf.segments, old->elf.n_segments, from);
	uint32_t in_new = distance_to_end(new->segments, new->n_segments, block->at - new->at);
	uint32_t shared = in_old < in_new ? in_old : in_new;

	(void)segments_address(old->elf.segments, old->elf.n_segments, from, &steady->address);
	steady->shift = addresses_of_new(new, block->at) - steady->address;
	steady->size = block->length < shared ? block->length : shared;
	steady->at = from;
}

void addresses_between(Addresses *addresses, const OldElf *old, const NewElf *new, const Block *block)
{
	/* Pairs are told apart by a number: what was learnt of one is forgotten when another comes. */
	if (old != addresses->old || new != addresses->new) {
		addresses->pair = ++addresses->n_pairs;
		if (addresses->has_taught)
			memset(addresses->taught, 0, sizeof(addresses->taught));
		addresses->has_taught = false;
	}
	addresses->old = old;
	addresses->new = new;
	addresses->steady = (SteadyRange){.size = 0};
	if (block)
		enter_block(addresses, block);
}

SteadyRange addresses_steady(const Addresses *addresses)
{
	return addresses->steady;
}

uint64_t addresses_of_new(const NewElf *new, uint32_t at)
{
	uint64_t address;

	return segments_address(new->segments, new->n_segments, at - new->at, &address) ? address : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of addresses in no segment's bytes: those around target that segment i, and no other, has in memory. */
static SegmentReach reach_of_unbacked(const Elf *old, uint32_t i, uint64_t target)
{
	const ElfSegment *own = &old->segments[i];
	uint64_t offset = target - own->address;
	SegmentReach reach = {offset - own->file_size, own->memory_size - offset + 1};

	if (target >= ELF_NOT_LOADED || offset < own->file_size)
		return (SegmentReach){0, 1};
	reach.behind = least(reach.behind, ELF_NOT_LOADED - target);
	for (uint32_t j = 0; j < old->n_segments; j++) {
		const ElfSegment *other = &old->segments[j];
		uint64_t size = other->memory_size > other->file_size ? other->memory_size : other->file_size;

		if (j == i)
			continue;
		if (target - other->address <= size)
			return (SegmentReach){0, 1};
		reach.before = least(reach.before, target - (other->address + size) - 1);
		reach.behind = least(reach.behind, other->address - target);
	}
	return reach;
}

/* What is in no file (.bss) keeps its distance from the end of its segment's bytes. */
static uint64_t map_unbacked(const Elf *old, const NewElf *new, uint64_t target, AddressSource *ret_source,
	SegmentReach *ret_reach)
{
	for (uint32_t i = 0; i < old->n_segments && i < new->n_segments; i++) {
		const ElfSegment *from = &old->segments[i], *to = &new->segments[i];

		if (target - from->address <= from->memory_size) {
			*ret_source = ADDRESS_GUESSED;
			*ret_reach = reach_of_unbacked(old, i, target);
			return target - from->address - from->file_size + to->address + to->file_size;
		}
	}
	*ret_source = ADDRESS_UNKNOWN;
	return target;
}

/* What surrounds a place of the old space and moves with it. */
static SegmentReach reach_in_block(
	const Addresses *addresses, const Block *block, const Block *behind, uint64_t target, uint32_t place)
{
	const Elf *old = &addresses->old->elf;
	const NewElf *new = addresses->new;
	uint32_t into = place - block->old;
	SegmentReach in_old = segments_reach_of_address(old->segments, old->n_segments, target);
	SegmentReach in_new =
		segments_reach_of_offset(new->segments, new->n_segments, block->at + into - new->at);
	SegmentReach reach = {into, block->length - into};

	if (behind)
		reach.behind = least(reach.behind, behind->old - place);
	return (SegmentReach){
		least(reach.before, least(in_old.before, in_new.before)),
		least(reach.behind, least(in_old.behind, in_new.behind)),
	};
}

static uint64_t map_by_blocks(
	const Addresses *addresses, uint64_t target, AddressSource *ret_source, SegmentReach *ret_reach)
{
	const Layout *layout = addresses->layout;
	const OldElf *old = addresses->old;
	const NewElf *new = addresses->new;
	const Block *block, *before, *behind;
	uint32_t offset, place;

	*ret_reach = (SegmentReach){0, 1};
	if (!segments_offset(old->elf.segments, old->elf.n_segments, target, &offset) ||
		offset > old->elf.bytes.size)
		return map_unbacked(&old->elf, new, target, ret_source, ret_reach);
	place = old->at + offset;
	block = layout_block_of(layout, new, place, &before, &behind);
	*ret_source = block ? ADDRESS_COPIED : ADDRESS_GUESSED;
	if (block) {
		*ret_reach = reach_in_block(addresses, block, behind, target, place);
	} else {
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

/* Slow: what is around comes with the answer. */
static void find_run(const Addresses *addresses, uint64_t target, Run *ret)
{
	AddressSource source;
	SegmentReach reach;
	uint64_t actual = map_by_blocks(addresses, target, &source, &reach);

	reach.before = least(reach.before, INT32_MAX);
	reach.behind = least(reach.behind, INT32_MAX);
	*ret = (Run){
		.from = target - reach.before,
		.shift = actual - target,
		.length = (uint32_t)(reach.before + reach.behind),
		.key = addresses->pair << 2 | source,
	};
}

uint64_t addresses_map(Addresses *addresses, uint64_t target, AddressSource *ret_source)
{
	const SteadyRange *steady = &addresses->steady;
	size_t slot = slot_of(target);
	Run *run = &addresses->runs[target >> RUN_GRANULE & (RUNS - 1)];

	if (addresses->taught[slot / 64] >> slot % 64 & 1 && addresses->lessons[slot].target == target &&
		addresses->lessons[slot].pair == addresses->pair) {
		*ret_source = ADDRESS_LEARNT;
		return addresses->lessons[slot].actual;
	}
	if (target - steady->address < steady->size) {
		*ret_source = ADDRESS_COPIED;
		return target + steady->shift;
	}
	if (target - run->from >= run->length || run->key >> 2 != addresses->pair)
		find_run(addresses, target, run);
	*ret_source = (AddressSource)(run->key & 3);
	return target + run->shift;
}

void addresses_learn(Addresses *addresses, uint64_t target, uint64_t actual)
{
	size_t slot = slot_of(target);

	addresses->lessons[slot] = (Lesson){.target = target, .actual = actual, .pair = addresses->pair};
	addresses->taught[slot / 64] |= (uint64_t)1 << slot % 64;
	addresses->has_taught = true;
}
