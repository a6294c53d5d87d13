/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/blocks.h"

#include <stdlib.h>
#include <string.h>

enum { SAME_MIN = 32 * 1024 };

typedef struct List {
	Block *items;
	size_t n, capacity;
} List;

static int add(List *list, Block block, Error *error)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 1024;
		Block *items = reallocarray(list->items, capacity, sizeof(*items));

		if (!items)
			return error_memory(error);
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->n++] = block;
	return 0;
}

/* The list becomes the layout's, or is freed when that has failed. */
static int give(Layout *layout, List *list, int r)
{
	if (r == 0) {
		free(layout->blocks);
		layout->blocks = list->items;
		layout->n_blocks = (uint32_t)list->n;
	} else {
		free(list->items);
	}
	return r;
}

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* How far a place is from where the ELF file that holds it ends, or the next one begins. */
static uint32_t to_border_of_old(const Layout *layout, uint32_t old, uint32_t most)
{
	const OldElf *elf = layout_old_elf_at(layout, old);
	uint32_t from = 0, to = layout->n_old_elves;

	if (elf)
		return least(elf->elf.bytes.size - (old - elf->at), most);
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (layout->old_elves[middle].at <= old)
			from = middle + 1;
		else
			to = middle;
	}
	return from < layout->n_old_elves ? least(layout->old_elves[from].at - old, most) : most;
}

static uint32_t to_border_of_new(const Layout *layout, uint32_t at, uint32_t most)
{
	const NewElf *elf = layout_new_elf_at(layout, at);
	uint32_t from = 0, to = layout->n_new_elves;

	if (elf)
		return least(elf->size - (at - elf->at), most);
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (layout->new_elves[middle].at <= at)
			from = middle + 1;
		else
			to = middle;
	}
	return from < layout->n_new_elves ? least(layout->new_elves[from].at - at, most) : most;
}

static int cut(const Layout *layout, Block block, List *list, Error *error)
{
	while (block.length > 0) {
		Block part = block;

		part.length = least(layout_old_bytes(layout, part.old).size, part.length);
		part.length = to_border_of_old(layout, part.old, part.length);
		part.length = to_border_of_new(layout, part.at, part.length);
		if (add(list, part, error) < 0)
			return -1;
		block.at += part.length;
		block.old += part.length;
		block.length -= part.length;
	}
	return 0;
}

int blocks_cut(Layout *layout, const Block *blocks, uint32_t n, Error *error)
{
	List list = {.items = NULL};
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = cut(layout, blocks[i], &list, error);
	return give(layout, &list, r);
}

/* How many bytes from offset on are the same, or how many differ up to the next long stretch that is the
 * same. */
static uint32_t same_run(const uint8_t *a, const uint8_t *b, uint32_t offset, uint32_t length)
{
	uint32_t n = offset;

	while (length - n >= 4096 && memcmp(a + n, b + n, 4096) == 0)
		n += 4096;
	while (n < length && a[n] == b[n])
		n++;
	return n - offset;
}

static int split(const Block *block, const uint8_t *old, const uint8_t *new, List *list, Error *error)
{
	uint32_t begin = 0, at = 0;

	while (at < block->length) {
		uint32_t run = same_run(old, new, at, block->length);

		if (run >= SAME_MIN) {
			if (at > begin &&
				add(list, (Block){block->at + begin, at - begin, block->old + begin, false},
					error) < 0)
				return -1;
			if (add(list, (Block){block->at + at, run, block->old + at, true}, error) < 0)
				return -1;
			begin = at + run;
		}
		at += run;
		while (at < block->length && old[at] != new[at])
			at++;
	}
	if (begin == block->length)
		return 0;
	return add(list, (Block){block->at + begin, block->length - begin, block->old + begin, false}, error);
}

int blocks_split_same(Layout *layout, const uint8_t *result, Error *error)
{
	List list = {.items = NULL};
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < layout->n_blocks; i++) {
		const Block *block = &layout->blocks[i];

		r = split(block, layout_old_bytes(layout, block->old).data, result + block->at, &list, error);
	}
	return give(layout, &list, r);
}

static int by_length(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int blocks_limit(Layout *layout, uint32_t most, Error *error)
{
	CLEANUP_FREE uint32_t *lengths = NULL;
	uint32_t too_many = layout->n_blocks > most ? layout->n_blocks - most : 0, kept = 0;

	if (too_many == 0)
		return 0;
	lengths = calloc(layout->n_blocks, sizeof(*lengths));
	if (!lengths)
		return error_memory(error);
	for (uint32_t i = 0; i < layout->n_blocks; i++)
		lengths[i] = layout->blocks[i].length;
	qsort(lengths, layout->n_blocks, sizeof(*lengths), by_length);
	for (uint32_t i = 0; i < layout->n_blocks; i++)
		if (layout->blocks[i].length > lengths[too_many - 1])
			layout->blocks[kept++] = layout->blocks[i];
	layout->n_blocks = kept;
	return 0;
}
