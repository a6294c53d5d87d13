/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/layout.h"

#include <stdlib.h>

#include "parts/delta/body/adaptive.h"

/* The models of what is coded. */
typedef enum LayoutNumber {
	NUMBER_COUNT,
	NUMBER_OLD_ELF,
	NUMBER_NEW_ELF,
	NUMBER_COUNTERPART,
	NUMBER_SEGMENT,
	NUMBER_GAP,
	NUMBER_LENGTH, /* three, by how much is new before the block */
	NUMBER_JUMP = NUMBER_LENGTH + 3,
	NUMBERS = NUMBER_JUMP + 3,
} LayoutNumber;

typedef struct LayoutModels {
	AdaptiveNumber numbers[NUMBERS];
	Adaptive same[2]; /* by whether the last block was */
} LayoutModels;

int layout_begin(Layout *layout, const Bytes *sources, uint32_t n_sources, uint64_t result_size, Error *error)
{
	uint64_t total = 0;

	*layout = (Layout){.sources = sources, .n_sources = n_sources};
	layout->starts = calloc((size_t)n_sources + 1, sizeof(*layout->starts));
	if (!layout->starts)
		return error_memory(error);
	for (uint32_t i = 0; i < n_sources; i++) {
		layout->starts[i] = (uint32_t)total;
		total += sources[i].size;
		if (total > LAYOUT_OLD_MAX)
			return error_set(error, "the old files have more than %llu bytes",
				(unsigned long long)LAYOUT_OLD_MAX);
	}
	layout->starts[n_sources] = (uint32_t)total;
	if (result_size > LAYOUT_OLD_MAX)
		return error_set(
			error, "the result has more than %llu bytes", (unsigned long long)LAYOUT_OLD_MAX);
	layout->result_size = (uint32_t)result_size;
	return 0;
}

void layout_clear(Layout *layout)
{
	for (uint32_t i = 0; i < layout->n_old_elves; i++)
		elf_clear(&layout->old_elves[i].elf);
	free(layout->starts);
	free(layout->old_elves);
	free(layout->new_elves);
	free(layout->blocks);
	free(layout->by_old);
	free(layout->reaching);
	*layout = (Layout){.sources = NULL};
}

static uint32_t source_at(const Layout *layout, uint32_t old)
{
	uint32_t from = 0, to = layout->n_sources;

	while (to - from > 1) {
		uint32_t middle = from + (to - from) / 2;

		if (layout->starts[middle] <= old)
			from = middle;
		else
			to = middle;
	}
	return from;
}

Bytes layout_old_bytes(const Layout *layout, uint32_t old)
{
	uint32_t source = source_at(layout, old);
	uint32_t offset;

	if (layout->n_sources == 0 || old >= layout->starts[layout->n_sources])
		return (Bytes){NULL, 0};
	offset = old - layout->starts[source];
	return (Bytes){layout->sources[source].data + offset, layout->sources[source].size - offset};
}

OldElf *layout_old_elf_at(const Layout *layout, uint32_t old)
{
	uint32_t from = 0, to = layout->n_old_elves;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		OldElf *elf = &layout->old_elves[middle];

		if (old < elf->at)
			to = middle;
		else if (old - elf->at >= elf->elf.bytes.size)
			from = middle + 1;
		else
			return elf;
	}
	return NULL;
}

NewElf *layout_new_elf_at(const Layout *layout, uint32_t at)
{
	uint32_t from = 0, to = layout->n_new_elves;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		NewElf *elf = &layout->new_elves[middle];

		if (at < elf->at)
			to = middle;
		else if (at - elf->at >= elf->size)
			from = middle + 1;
		else
			return elf;
	}
	return NULL;
}

const Block *layout_block_of(const Layout *layout, const NewElf *elf, uint32_t old, const Block **ret_before,
	const Block **ret_behind)
{
	const uint32_t *order = layout->by_old + elf->first_block;
	uint32_t from = 0, to = elf->n_blocks;
	const Block *block;

	/* from becomes the first block that begins behind old. */
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (layout->blocks[order[middle]].old <= old)
			from = middle + 1;
		else
			to = middle;
	}
	*ret_behind = from < elf->n_blocks ? &layout->blocks[order[from]] : NULL;
	*ret_before = NULL;
	if (from == 0)
		return NULL;
	block = &layout->blocks[layout->reaching[elf->first_block + from - 1]];
	if (old - block->old < block->length)
		return block;
	*ret_before = block;
	return NULL;
}

int layout_add_old_elf(Layout *layout, uint32_t at, ElfBudget *budget, Error *error)
{
	Bytes bytes = layout_old_bytes(layout, at);
	OldElf *last = layout->n_old_elves > 0 ? &layout->old_elves[layout->n_old_elves - 1] : NULL;
	OldElf *elves;
	uint32_t size;

	if (layout->n_old_elves == LAYOUT_ELVES_MAX)
		return error_set(error, "it names more than %d old ELF files", LAYOUT_ELVES_MAX);
	if ((last && at - last->at < last->elf.bytes.size) || (last && at < last->at) ||
		elf_measure(bytes, &size) != 0)
		return error_set(error, "it names an old ELF file at %u, where none is", at);
	elves = reallocarray(layout->old_elves, layout->n_old_elves + 1, sizeof(*elves));
	if (!elves)
		return error_memory(error);
	layout->old_elves = elves;
	elves[layout->n_old_elves] = (OldElf){.at = at};
	if (elf_parse((Bytes){bytes.data, size}, budget, &elves[layout->n_old_elves].elf, error) < 0)
		return -1;
	layout->n_old_elves++;
	return 0;
}

static int code_old_elves(Layout *layout, LayoutModels *models, Coder *coder, bool writing, Error *error)
{
	uint64_t n = adaptive_number_code(&models->numbers[NUMBER_COUNT], coder, layout->n_old_elves);
	ElfBudget budget = ELF_BUDGET_INIT;
	uint64_t end = 0, regions = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t gap = adaptive_number_code(
			&models->numbers[NUMBER_OLD_ELF], coder, writing ? layout->old_elves[i].at - end : 0);

		if (!writing) {
			if (gap > layout->starts[layout->n_sources] - end)
				return error_set(error, "it names an old ELF file behind the old files");
			if (layout_add_old_elf(layout, (uint32_t)(end + gap), &budget, error) < 0)
				return -1;
		}
		end = layout->old_elves[i].at + layout->old_elves[i].elf.bytes.size;
		regions += layout->old_elves[i].elf.n_regions;
		if (regions > LAYOUT_REGIONS_MAX)
			return error_set(
				error, "its old ELF files have more than %d sections", LAYOUT_REGIONS_MAX);
	}
	return 0;
}

static uint64_t code_near(AdaptiveNumber *model, Coder *coder, uint64_t value, uint64_t guess)
{
	return guess + (uint64_t)adaptive_signed_code(model, coder, (int64_t)(value - guess));
}

static void code_segments(NewElf *elf, const Elf *old, LayoutModels *models, Coder *coder)
{
	uint64_t n = code_near(&models->numbers[NUMBER_COUNT], coder, elf->n_segments, old->n_segments);
	uint64_t shift = 0;

	elf->n_segments = n < ELF_SEGMENTS_MAX ? (uint32_t)n : ELF_SEGMENTS_MAX;
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		ElfSegment *segment = &elf->segments[i];
		ElfSegment guess = i < old->n_segments ? old->segments[i] : (ElfSegment){.address = 0};
		uint64_t offset, size, bias, behind;

		offset = code_near(
			&models->numbers[NUMBER_SEGMENT], coder, segment->offset, guess.offset + shift);
		shift = offset - guess.offset;
		size = code_near(
			&models->numbers[NUMBER_SEGMENT], coder, segment->file_size, guess.file_size);
		bias = code_near(&models->numbers[NUMBER_SEGMENT], coder, segment->address - segment->offset,
			guess.address - guess.offset);
		behind = code_near(&models->numbers[NUMBER_SEGMENT], coder,
			segment->memory_size - segment->file_size, guess.memory_size - guess.file_size);
		*segment = (ElfSegment){
			.address = bias + (uint32_t)offset,
			.memory_size = (uint32_t)size + behind,
			.offset = (uint32_t)offset,
			.file_size = (uint32_t)size,
		};
	}
}

static int code_new_elf(Layout *layout, uint32_t i, LayoutModels *models, Coder *coder, Error *error)
{
	NewElf *elf = &layout->new_elves[i];
	uint64_t end = i > 0 ? elf[-1].at + elf[-1].size : 0;
	uint32_t guess = i > 0 ? elf[-1].counterpart + 1 : 0;
	uint64_t gap;
	const Elf *old;

	gap = adaptive_number_code(&models->numbers[NUMBER_NEW_ELF], coder, elf->at - end);
	if (gap > layout->result_size - end)
		return error_set(error, "an ELF file of the result lies outside of it");
	elf->at = (uint32_t)(end += gap);
	elf->counterpart =
		(uint32_t)code_near(&models->numbers[NUMBER_COUNTERPART], coder, elf->counterpart, guess);
	if (elf->counterpart >= layout->n_old_elves)
		return error_set(error, "an ELF file of the result comes from one that is not there");
	old = &layout->old_elves[elf->counterpart].elf;
	elf->size = (uint32_t)code_near(&models->numbers[NUMBER_SEGMENT], coder, elf->size, old->bytes.size);
	if (!range_within(end, elf->size, layout->result_size))
		return error_set(error, "an ELF file of the result lies outside of it");
	code_segments(elf, old, models, coder);
	return 0;
}

static int code_new_elves(Layout *layout, LayoutModels *models, Coder *coder, bool writing, Error *error)
{
	uint64_t n = adaptive_number_code(&models->numbers[NUMBER_COUNT], coder, layout->n_new_elves);

	if (n > LAYOUT_ELVES_MAX)
		return error_set(error, "it has more than %d ELF files", LAYOUT_ELVES_MAX);
	if (!writing) {
		layout->new_elves = calloc(n + 1, sizeof(*layout->new_elves));
		if (!layout->new_elves)
			return error_memory(error);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (code_new_elf(layout, i, models, coder, error) < 0)
			return -1;
		layout->n_new_elves = writing ? layout->n_new_elves : i + 1;
	}
	return 0;
}

static int code_block(Layout *layout, uint32_t i, LayoutModels *models, Coder *coder, Error *error)
{
	static const Block none = {.at = 0};
	Block *block = &layout->blocks[i];
	const Block *last = i > 0 ? block - 1 : &none;
	uint64_t end = (uint64_t)last->at + last->length, old_end = (uint64_t)last->old + last->length;
	uint64_t gap = adaptive_number_code(&models->numbers[NUMBER_GAP], coder, block->at - end);
	unsigned class = gap == 0 ? 0 : gap < 16 ? 1 : 2;
	int64_t jump = adaptive_signed_code(
		&models->numbers[NUMBER_JUMP + class], coder, (int64_t)(block->old - (old_end + gap)));
	uint64_t length = adaptive_number_code(&models->numbers[NUMBER_LENGTH + class], coder, block->length);
	uint64_t old = old_end + gap + (uint64_t)jump;
	bool same = adaptive_code(&models->same[last->same], coder, block->same);

	if (length == 0 || !range_within(end, gap, layout->result_size) ||
		!range_within(end + gap, length, layout->result_size))
		return error_set(error, "block %u lies outside of the result", i);
	if (!range_within(old, length, layout->starts[layout->n_sources]) ||
		length > layout_old_bytes(layout, (uint32_t)old).size)
		return error_set(error, "block %u comes from outside of the old files", i);
	*block = (Block){(uint32_t)(end + gap), (uint32_t)length, (uint32_t)old, same};
	return 0;
}

static int code_blocks(Layout *layout, LayoutModels *models, Coder *coder, bool writing, Error *error)
{
	uint64_t n = adaptive_number_code(&models->numbers[NUMBER_COUNT], coder, layout->n_blocks);

	if (n > LAYOUT_BLOCKS_MAX)
		return error_set(error, "it has more than %d blocks", LAYOUT_BLOCKS_MAX);
	if (!writing) {
		layout->blocks = calloc(n + 1, sizeof(*layout->blocks));
		if (!layout->blocks)
			return error_memory(error);
		layout->n_blocks = (uint32_t)n;
	}
	for (uint32_t i = 0; i < n; i++)
		if (code_block(layout, i, models, coder, error) < 0)
			return -1;
	return 0;
}

static int by_old(const void *a, const void *b, void *userdata)
{
	const Layout *layout = userdata;
	const Block *x = &layout->blocks[*(const uint32_t *)a], *y = &layout->blocks[*(const uint32_t *)b];

	if (x->old != y->old)
		return x->old < y->old ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static uint32_t end_of(const Block *block)
{
	return block->old + block->length;
}

static void find_reaching(Layout *layout, const NewElf *elf)
{
	const uint32_t *order = layout->by_old + elf->first_block;
	uint32_t *reaching = layout->reaching + elf->first_block;

	for (uint32_t i = 0; i < elf->n_blocks; i++)
		reaching[i] =
			i > 0 && end_of(&layout->blocks[reaching[i - 1]]) >= end_of(&layout->blocks[order[i]])
				? reaching[i - 1]
				: order[i];
}

int layout_sort(Layout *layout, Error *error)
{
	uint32_t next = 0;

	free(layout->by_old);
	layout->by_old = calloc((size_t)layout->n_blocks + 1, sizeof(*layout->by_old));
	free(layout->reaching);
	layout->reaching = calloc((size_t)layout->n_blocks + 1, sizeof(*layout->reaching));
	if (!layout->by_old || !layout->reaching)
		return error_memory(error);
	for (uint32_t i = 0; i < layout->n_blocks; i++)
		layout->by_old[i] = i;
	for (uint32_t i = 0; i < layout->n_new_elves; i++) {
		NewElf *elf = &layout->new_elves[i];

		while (next < layout->n_blocks && layout->blocks[next].at < elf->at)
			next++;
		elf->first_block = next;
		while (next < layout->n_blocks && layout->blocks[next].at - elf->at < elf->size)
			next++;
		elf->n_blocks = next - elf->first_block;
		qsort_r(layout->by_old + elf->first_block, elf->n_blocks, sizeof(*layout->by_old), by_old,
			layout);
		find_reaching(layout, elf);
	}
	return 0;
}

int layout_code(Layout *layout, Coder *coder, bool writing, Error *error)
{
	CLEANUP_FREE LayoutModels *models = malloc(sizeof(*models));

	if (!models)
		return error_memory(error);
	for (unsigned i = 0; i < NUMBERS; i++)
		adaptive_number_init(&models->numbers[i]);
	adaptive_init(models->same, 2);
	coder->purpose = CODER_LAYOUT;
	if (code_old_elves(layout, models, coder, writing, error) < 0 ||
		code_new_elves(layout, models, coder, writing, error) < 0)
		return -1;
	coder->purpose = CODER_BLOCKS;
	if (code_blocks(layout, models, coder, writing, error) < 0)
		return -1;
	return layout_sort(layout, error);
}
