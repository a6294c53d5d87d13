/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/final.h"

#include <stdlib.h>
#include <string.h>

void final_layout_clear(FinalLayout *final)
{
	layout_clear(&final->layout);
	free(final->sources);
	free(final->indexes);
	*final = (FinalLayout){.sources = NULL};
}

static uint32_t source_at(const Layout *all, uint32_t old)
{
	uint32_t from = 0, to = all->n_sources;

	while (to - from > 1) {
		uint32_t middle = from + (to - from) / 2;

		if (all->starts[middle] <= old)
			from = middle;
		else
			to = middle;
	}
	return from;
}

/* Marks the sources that blocks are copied from, and those with the counterpart of an ELF file. */
static void mark_used(const Layout *all, bool *used)
{
	for (uint32_t i = 0; i < all->n_blocks; i++)
		used[source_at(all, all->blocks[i].old)] = true;
	for (uint32_t i = 0; i < all->n_new_elves; i++)
		used[source_at(all, all->old_elves[all->new_elves[i].counterpart].at)] = true;
}

/* moved[i] becomes how much nearer to the begin source i is. */
static int take_sources(
	const Layout *all, const bool *used, uint32_t *moved, FinalLayout *final, Error *error)
{
	uint32_t n = 0, end = 0;

	final->sources = calloc((size_t)all->n_sources + 1, sizeof(*final->sources));
	final->indexes = calloc((size_t)all->n_sources + 1, sizeof(*final->indexes));
	if (!final->sources || !final->indexes)
		return error_memory(error);
	for (uint32_t i = 0; i < all->n_sources; i++) {
		if (!used[i])
			continue;
		moved[i] = all->starts[i] - end;
		end += (uint32_t)all->sources[i].size;
		final->indexes[n] = i;
		final->sources[n++] = all->sources[i];
	}
	return layout_begin(&final->layout, final->sources, n, all->result_size, error);
}

static int take_blocks(const Layout *all, const uint32_t *moved, Layout *layout, Error *error)
{
	layout->blocks = calloc((size_t)all->n_blocks + 1, sizeof(*layout->blocks));
	if (!layout->blocks)
		return error_memory(error);
	for (uint32_t i = 0; i < all->n_blocks; i++) {
		layout->blocks[i] = all->blocks[i];
		layout->blocks[i].old -= moved[source_at(all, all->blocks[i].old)];
	}
	layout->n_blocks = all->n_blocks;
	return 0;
}

static int take_elves(
	const Layout *all, const bool *used, const uint32_t *moved, Layout *layout, Error *error)
{
	CLEANUP_FREE uint32_t *indexes = calloc((size_t)all->n_old_elves + 1, sizeof(*indexes));
	ElfBudget budget = ELF_BUDGET_INIT;

	layout->new_elves = calloc((size_t)all->n_new_elves + 1, sizeof(*layout->new_elves));
	if (!indexes || !layout->new_elves)
		return error_memory(error);
	for (uint32_t i = 0; i < all->n_old_elves; i++) {
		uint32_t source = source_at(all, all->old_elves[i].at);

		if (!used[source])
			continue;
		if (layout_add_old_elf(layout, all->old_elves[i].at - moved[source], &budget, error) < 0)
			return -1;
		indexes[i] = layout->n_old_elves - 1;
	}
	for (uint32_t i = 0; i < all->n_new_elves; i++) {
		layout->new_elves[i] = all->new_elves[i];
		layout->new_elves[i].counterpart = indexes[all->new_elves[i].counterpart];
	}
	layout->n_new_elves = all->n_new_elves;
	return 0;
}

int final_layout_make(const Layout *all, FinalLayout *ret, Error *error)
{
	CLEANUP_FREE uint32_t *moved = calloc((size_t)all->n_sources + 1, sizeof(*moved));
	CLEANUP_FREE bool *used = calloc((size_t)all->n_sources + 1, sizeof(*used));
	CLEANUP(final_layout_clear) FinalLayout final = {.sources = NULL};

	if (!moved || !used)
		return error_memory(error);
	mark_used(all, used);
	if (take_sources(all, used, moved, &final, error) < 0 ||
		take_blocks(all, moved, &final.layout, error) < 0 ||
		take_elves(all, used, moved, &final.layout, error) < 0)
		return -1;
	*ret = final;
	final = (FinalLayout){.sources = NULL};
	return 0;
}
