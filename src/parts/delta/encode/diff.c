/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "parts/delta/body/body.h"
#include "parts/delta/body/novel.h"
#include "parts/delta/encode/blocks.h"
#include "parts/delta/encode/elves.h"
#include "parts/delta/encode/final.h"
#include "parts/delta/encode/match.h"
#include "parts/delta/encode/normal.h"
#include "parts/delta/encode/pack.h"
#include "parts/delta/encode/range-encoder.h"
#include "parts/delta/encode/suffix.h"
#include "parts/delta/model/scan.h"

enum {
	ROUNDS_MAX = 3,
	LINES_EACH = 8,            /* lines of contexts for each new byte */
	MODELLED_MAX = 512 * 1024, /* new bytes that always go through the models */
	TEACHABLE_MAX = 32 * 1024, /* new bytes with which teaching is worth its time */
	TEACH_GAP = 128,           /* bytes taught of what a change takes the place of */
	SEARCHED_MAX = 1 << 30, /* old bytes that are searched together: it takes six times as much memory */
};

typedef struct Diff {
	const DiffJob *job;
	Bytes *searched;    /* the sources that are searched */
	size_t *indexes;    /* which of job->sources they are */
	Layout layout;      /* over those */
	Elf *new_elves;     /* as many as layout.new_elves */
	uint8_t *old, *new; /* normal forms */
	unsigned round, n_rounds;
} Diff;

static void diff_clear_cleanup(Diff *diff)
{
	elves_free(diff->new_elves, diff->layout.n_new_elves);
	layout_clear(&diff->layout);
	free(diff->searched);
	free(diff->indexes);
	free(diff->old);
	free(diff->new);
}

static int check_extents(const DiffJob *job, Error *error)
{
	uint64_t end = 0;

	for (size_t i = 0; i < job->n_extents; i++) {
		const DiffExtent *extent = &job->extents[i];

		if (extent->offset < end || !range_within(extent->offset, extent->length, job->result.size))
			return error_set(
				error, "the extents of the new file overlap, are not sorted or pass its end");
		if (extent->likely_source != SIZE_MAX && extent->likely_source >= job->n_sources)
			return error_set(error, "an extent names an old file that is not there");
		end = extent->offset + extent->length;
	}
	return 0;
}

static int by_name(const void *a, const void *b, void *userdata)
{
	const DiffSource *sources = userdata;

	return strcmp(sources[*(const size_t *)a].name, sources[*(const size_t *)b].name);
}

/* All old files, when they can be searched together; else likely ones first. In the order of the header. */
static int choose_sources(Diff *diff, Error *error)
{
	const DiffJob *job = diff->job;
	CLEANUP_FREE bool *chosen = calloc(job->n_sources + 1, sizeof(*chosen));
	uint64_t total = 0;
	size_t n = 0;

	diff->searched = calloc(job->n_sources + 1, sizeof(*diff->searched));
	diff->indexes = calloc(job->n_sources + 1, sizeof(*diff->indexes));
	if (!chosen || !diff->searched || !diff->indexes)
		return error_memory(error);
	for (size_t i = 0; i < job->n_extents + job->n_sources; i++) {
		size_t source = i < job->n_extents ? job->extents[i].likely_source : i - job->n_extents;

		if (source == SIZE_MAX || chosen[source] ||
			total + job->sources[source].bytes.size > SEARCHED_MAX)
			continue;
		chosen[source] = true;
		total += job->sources[source].bytes.size;
	}
	for (size_t i = 0; i < job->n_sources; i++)
		if (chosen[i])
			diff->indexes[n++] = i;
	qsort_r(diff->indexes, n, sizeof(*diff->indexes), by_name, (void *)(uintptr_t)job->sources);
	for (size_t i = 0; i < n; i++)
		diff->searched[i] = job->sources[diff->indexes[i]].bytes;
	return layout_begin(&diff->layout, diff->searched, (uint32_t)n, job->result.size, error);
}

static void copy_bytes(uint8_t *to, Bytes from)
{
	if (from.size > 0)
		memcpy(to, from.data, from.size);
}

/* What can be compared before anything is known of what has become what. */
static int normalize_by_content(Diff *diff, Error *error)
{
	Layout *layout = &diff->layout;

	diff->old = malloc((size_t)layout->starts[layout->n_sources] + 1);
	diff->new = malloc(diff->job->result.size + 1);
	if (!diff->old || !diff->new)
		return error_memory(error);
	for (uint32_t i = 0; i < layout->n_sources; i++)
		copy_bytes(diff->old + layout->starts[i], diff->searched[i]);
	copy_bytes(diff->new, diff->job->result);
	for (uint32_t i = 0; i < layout->n_old_elves; i++)
		if (normal_by_content(&layout->old_elves[i].elf, diff->old + layout->old_elves[i].at, error) <
			0)
			return -1;
	for (uint32_t i = 0; i < layout->n_new_elves; i++)
		if (normal_by_content(&diff->new_elves[i], diff->new + layout->new_elves[i].at, error) < 0)
			return -1;
	return 0;
}

/* With blocks at hand, the same reference is one to what the other file's has become. */
static int normalize_by_place(Diff *diff, Error *error)
{
	CLEANUP(addresses_free) Addresses *addresses = NULL;
	Layout *layout = &diff->layout;

	if (layout_sort(layout, error) < 0 || addresses_new(layout, &addresses, error) < 0)
		return -1;
	for (uint32_t i = 0; i < layout->n_new_elves; i++) {
		NewElf *new = &layout->new_elves[i];
		OldElf *old = &layout->old_elves[new->counterpart];

		normal_new_by_place(&diff->new_elves[i], diff->new + new->at);
		normal_old_by_place(old, new, addresses, diff->old + old->at);
	}
	return 0;
}

static void show(void *userdata, uint64_t done, uint64_t total)
{
	const Diff *diff = userdata;
	const DiffJob *job = diff->job;

	if (job->progress)
		job->progress(job->userdata, diff->round * total + done, diff->n_rounds * total);
}

static int find_blocks(Diff *diff, Error *error)
{
	/* For each round. What suits best depends on the files. */
	static const unsigned better[ROUNDS_MAX] = {8, 8, 14};
	CLEANUP(suffix_free) Suffix *suffix = NULL;
	CLEANUP_FREE Block *blocks = NULL;
	Bytes old = {diff->old, diff->layout.starts[diff->layout.n_sources]};
	MatchJob job = {
		.old = old,
		.new = {diff->new, diff->job->result.size},
		.better = better[diff->round],
		.workers = diff->job->workers,
		.progress = show,
		.userdata = diff,
	};
	uint32_t n = 0;

	if (suffix_new(old, &suffix, error) < 0)
		return -1;
	job.suffix = suffix;
	if (match_find(&job, &blocks, &n, error) < 0 || blocks_cut(&diff->layout, blocks, n, error) < 0)
		return -1;
	diff->round++;
	return elves_choose_counterparts(&diff->layout, error);
}

/* Bytes that no block has right. */
static uint64_t count_new(const Diff *diff)
{
	const Layout *layout = &diff->layout;
	uint64_t new = diff->job->result.size;

	for (uint32_t i = 0; i < layout->n_blocks; i++) {
		const Block *block = &layout->blocks[i];

		for (uint32_t j = 0; j < block->length; j++)
			new -= diff->new[block->at + j] == diff->old[block->old + j];
	}
	return new;
}

/* Contexts that are remembered: enough for the bytes that are new, no more than the largest table takes. */
static uint32_t line_bits_for(uint64_t new)
{
	uint32_t bits = NOVEL_LINE_BITS_MIN;

	while (bits < NOVEL_LINE_BITS_MAX && (uint64_t)1 << bits < LINES_EACH * new)
		bits++;
	return bits;
}

/* Where instructions begin in the old ELF files. */
static int mark_boundaries(Layout *layout, uint8_t **marks, Error *error)
{
	Reference references[256];

	for (uint32_t i = 0; i < layout->n_old_elves; i++) {
		Elf *elf = &layout->old_elves[i].elf;
		ReferenceScan scan;

		marks[i] = calloc(elf->bytes.size / 8 + 1, 1);
		if (!marks[i])
			return error_memory(error);
		reference_scan_begin(&scan, elf, 0, (uint32_t)elf->bytes.size, 0);
		scan.boundaries = marks[i];
		while (scan.at < scan.end)
			(void)reference_scan_next(&scan, references, ARRAY_SIZE(references));
		elf_forget_tables(elf);
	}
	return 0;
}

static int write_coded(const Diff *diff, Layout *layout, Pack *pack, uint64_t new, Buffer *ret, Error *error)
{
	const BodySettings settings = {
		.line_bits = line_bits_for(new), .teach_gap = new < TEACHABLE_MAX ? TEACH_GAP : 0};
	CLEANUP_FREE uint8_t **marks = calloc((size_t)layout->n_old_elves + 1, sizeof(*marks));
	const BodyWriting writing = {
		.result = diff->job->result.data,
		.boundaries = (const uint8_t *const *)marks,
		.is_to_be_packed = pack_is_wanted,
		.pack = pack_append,
		.packer = pack,
	};
	RangeEncoder encoder;
	int r;

	if (!marks)
		return error_memory(error);
	range_encoder_init(&encoder, ret);
	r = mark_boundaries(layout, marks, error);
	if (r == 0)
		r = layout_code(layout, &encoder.coder, true, error);
	if (r == 0)
		r = body_write(layout, &encoder.coder, &settings, &writing, error);
	if (r == 0)
		r = range_encoder_finish(&encoder, error);
	for (uint32_t i = 0; i < layout->n_old_elves; i++)
		free(marks[i]);
	return r;
}

static int write_body(const Diff *diff, Layout *layout, Buffer *body, Error *error)
{
	CLEANUP(pack_free) Pack *pack = NULL;
	CLEANUP_BUFFER Buffer coded = BUFFER_INIT;
	uint64_t new = count_new(diff);
	/* The models take half a second for each MiB. */
	bool is_too_much = new > MODELLED_MAX + diff->job->result.size / 64;

	if (pack_new(is_too_much, &pack, error) < 0 ||
		write_coded(diff, layout, pack, new, &coded, error) < 0)
		return -1;
	return delta_body_write(buffer_bytes(&coded), pack_bytes(pack), body, error);
}

static int name_sources(const Diff *diff, const FinalLayout *final, DeltaHeader *header, Error *error)
{
	header->sources = calloc((size_t) final->layout.n_sources + 1, sizeof(*header->sources));
	if (!header->sources)
		return error_memory(error);
	for (uint32_t i = 0; i < final->layout.n_sources; i++) {
		const DiffSource *from = &diff->job->sources[diff->indexes[final->indexes[i]]];
		DeltaSource *source = &header->sources[i];

		header->n_sources = i + 1;
		source->name = strdup(from->name);
		source->size = from->bytes.size;
		if (!source->name)
			return error_memory(error);
		if (hash_bytes(from->bytes, &source->digest, error) < 0)
			return -1;
	}
	return 0;
}

static int write_delta(const Diff *diff, Buffer *ret, Error *error)
{
	CLEANUP(final_layout_clear) FinalLayout final = {.sources = NULL};
	CLEANUP(delta_header_clear) DeltaHeader header = {.method = DELTA_METHOD_BODY};
	CLEANUP_BUFFER Buffer body = BUFFER_INIT;

	header.result_size = diff->job->result.size;
	if (final_layout_make(&diff->layout, &final, error) < 0 ||
		blocks_split_same(&final.layout, diff->job->result.data, error) < 0 ||
		blocks_limit(&final.layout, LAYOUT_BLOCKS_MAX, error) < 0 ||
		write_body(diff, &final.layout, &body, error) < 0 ||
		name_sources(diff, &final, &header, error) < 0 ||
		hash_bytes(diff->job->result, &header.result_digest, error) < 0)
		return -1;
	header.body_size = body.size;
	if (delta_header_write(&header, ret, error) < 0)
		return -1;
	return buffer_append(ret, body.data, body.size, error);
}

static int find_elves(Diff *diff, Error *error)
{
	if (elves_find_old(&diff->layout, error) < 0)
		return -1;
	return elves_find_new(&diff->layout, diff->job->result, &diff->new_elves, error);
}

/* Blocks found by the content of what is referred to give the places for a second search, whose blocks give
 * those for a third. Mostly each is better than the last; the smallest counts. */
int delta_diff(const DiffJob *job, Buffer *ret, Error *error)
{
	CLEANUP(diff_clear) Diff diff = {.job = job, .n_rounds = job->level == DIFF_FAST ? 1 : ROUNDS_MAX};
	CLEANUP_BUFFER Buffer best = BUFFER_INIT;

	if (check_extents(job, error) < 0 || choose_sources(&diff, error) < 0 || find_elves(&diff, error) < 0)
		return -1;
	/* Without references to look up, every search finds the same. */
	if (diff.layout.n_new_elves == 0)
		diff.n_rounds = 1;
	for (unsigned i = 0; i < diff.n_rounds; i++) {
		CLEANUP_BUFFER Buffer delta = BUFFER_INIT;

		if ((i == 0 ? normalize_by_content(&diff, error) : normalize_by_place(&diff, error)) < 0 ||
			find_blocks(&diff, error) < 0 || write_delta(&diff, &delta, error) < 0)
			return -1;
		if (i == 0 || delta.size < best.size) {
			buffer_clear(&best);
			best = delta;
			delta = BUFFER_INIT;
		}
	}
	return buffer_append(ret, best.data, best.size, error);
}
