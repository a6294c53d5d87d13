/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/elves.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 512 }; /* within images and archives, files begin at multiples of this */

/* What comes to be used is parsed anew, by the reader's budget. */
static const ElfBudget plenty = {SIZE_MAX / 64, SIZE_MAX / 64};

static uint32_t in_steps(uint32_t size)
{
	return (size + STEP - 1) / STEP * STEP;
}

static int find_in_source(Layout *layout, uint32_t source, uint64_t *regions, ElfBudget *budget, Error *error)
{
	Bytes bytes = layout->sources[source];
	uint32_t size;

	for (size_t at = 0; at < bytes.size; at += STEP) {
		if (elf_measure((Bytes){bytes.data + at, bytes.size - at}, &size) != 0)
			continue;
		if (layout->n_old_elves == LAYOUT_ELVES_MAX ||
			*regions + ELF_REGIONS_MAX > LAYOUT_REGIONS_MAX)
			return 0;
		if (layout_add_old_elf(layout, layout->starts[source] + (uint32_t)at, budget, error) < 0)
			return -1;
		*regions += layout->old_elves[layout->n_old_elves - 1].elf.n_regions;
		at += in_steps(size) - STEP;
	}
	return 0;
}

int elves_find_old(Layout *layout, Error *error)
{
	ElfBudget budget = plenty;
	uint64_t regions = 0;

	for (uint32_t i = 0; i < layout->n_sources; i++)
		if (find_in_source(layout, i, &regions, &budget, error) < 0)
			return -1;
	return 0;
}

int elves_find_new(Layout *layout, Bytes result, Elf **ret, Error *error)
{
	ElfBudget budget = plenty;

	layout->new_elves = calloc(LAYOUT_ELVES_MAX, sizeof(*layout->new_elves));
	*ret = calloc(LAYOUT_ELVES_MAX, sizeof(**ret));
	if (!layout->new_elves || !*ret)
		return error_memory(error);
	for (size_t at = 0; layout->n_old_elves > 0 && at < result.size; at += STEP) {
		NewElf *new = &layout->new_elves[layout->n_new_elves];
		Elf *elf = &(*ret)[layout->n_new_elves];
		uint32_t size;

		if (layout->n_new_elves == LAYOUT_ELVES_MAX)
			break;
		if (elf_measure((Bytes){result.data + at, result.size - at}, &size) != 0)
			continue;
		if (elf_parse((Bytes){result.data + at, size}, &budget, elf, error) < 0)
			return -1;
		*new = (NewElf){.at = (uint32_t)at, .size = size, .n_segments = elf->n_segments};
		memcpy(new->segments, elf->segments, sizeof(new->segments));
		layout->n_new_elves++;
		at += in_steps(size) - STEP;
	}
	return 0;
}

void elves_free(Elf *elves, uint32_t n)
{
	for (uint32_t i = 0; elves && i < n; i++)
		elf_clear(&elves[i]);
	free(elves);
}

int elves_choose_counterparts(Layout *layout, Error *error)
{
	CLEANUP_FREE uint64_t *votes = calloc((size_t)layout->n_old_elves + 1, sizeof(*votes));
	uint32_t next = 0;

	if (!votes)
		return error_memory(error);
	for (uint32_t i = 0; i < layout->n_new_elves; i++) {
		NewElf *new = &layout->new_elves[i];
		uint32_t best = 0;

		memset(votes, 0, layout->n_old_elves * sizeof(*votes));
		while (next < layout->n_blocks && layout->blocks[next].at < new->at)
			next++;
		for (; next < layout->n_blocks && layout->blocks[next].at - new->at < new->size; next++) {
			const OldElf *old = layout_old_elf_at(layout, layout->blocks[next].old);

			if (old)
				votes[old - layout->old_elves] += layout->blocks[next].length;
		}
		for (uint32_t j = 1; j < layout->n_old_elves; j++)
			if (votes[j] > votes[best])
				best = j;
		new->counterpart = best;
	}
	return 0;
}
