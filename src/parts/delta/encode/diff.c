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
	NEW_EACH = 2,              /* new bytes for each line of contexts: what is small is fetched quickly */
	MODELLED_MAX = 512 * 1024, /* new bytes that always go through the models */
	TEACHABLE_MAX = 32 * 1024, /* new bytes with which teaching is worth its time */
	BLOCK_COST = 4,            /* bytes that a block takes, about */
	OVERLAP_MIN = 4 << 20,  /* bytes of the result from which on the models are light beside the search */
	TEACH_GAP = 128,        /* bytes taught of what a change takes the place of */
	SEARCHED_MAX = 1 << 30, /* old bytes that are searched together: it takes six times as much memory */
};

typedef struct Diff {
	const DiffJob *job;
	Bytes *searched;    /* the sources that are searched */
	size_t *indexes;    /* which of job->sources they are */
	Layout layout;      /* over those */
	Elf *new_elves;     /* as many as layout.new_elves */
	uint8_t *old, *new; /* normal forms, from the begin of a round until its blocks are found */
	unsigned round, n_rounds;
} Diff;

/* What a round has found, and the delta that says it. */
typedef struct Found {
	const Diff *diff;
	FinalLayout final;
	uint64_t new;       /* bytes that no block has right */
	DeltaHeader header; /* but for the digests */
	Buffer body;
	uint64_t size; /* of both */
} Found;

static void diff_clear_cleanup(Diff *diff)
{
	elves_free(diff->new_elves, diff->layout.n_new_elves);
	layout_clear(&diff->layout);
	free(diff->searched);
	free(diff->indexes);
	free(diff->old);
	free(diff->new);
}

static void found_clear(Found *found)
{
	final_layout_clear(&found->final);
	delta_header_clear(&found->header);
	buffer_clear(&found->body);
	*found = (Found){.diff = NULL};
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
static int normalize_by_content(void *userdata, size_t number, Error *error)
{
	const Diff *diff = userdata;
	const Layout *layout = &diff->layout;

	if (number < layout->n_new_elves)
		return normal_by_content(
			&diff->new_elves[number], diff->new + layout->new_elves[number].at, error);
	number -= layout->n_new_elves;
	return normal_by_content(
		&layout->old_elves[number].elf, diff->old + layout->old_elves[number].at, error);
}

/* With blocks at hand, the same reference is one to what the other file's has become. Where several files
 * come from one, the last has its say. */
static int normalize_by_place(void *userdata, size_t number, Error *error)
{
	CLEANUP(addresses_free) Addresses *addresses = NULL;
	const Diff *diff = userdata;
	const Layout *layout = &diff->layout;
	OldElf *old;

	if (number < layout->n_new_elves) {
		normal_new_by_place(&diff->new_elves[number], diff->new + layout->new_elves[number].at);
		return 0;
	}
	number -= layout->n_new_elves;
	old = &layout->old_elves[number];
	for (uint32_t i = layout->n_new_elves; i > 0; i--) {
		const NewElf *new = &layout->new_elves[i - 1];

		if (new->counterpart != number)
			continue;
		if (addresses_new(layout, &addresses, error) < 0)
			return -1;
		normal_old_by_place(old, new, addresses, diff->old + old->at);
		return 0;
	}
	return 0;
}

static int normalize(Diff *diff, Error *error)
{
	Layout *layout = &diff->layout;
	ParallelTask task = diff->round == 0 ? normalize_by_content : normalize_by_place;

	diff->old = malloc((size_t)layout->starts[layout->n_sources] + 1);
	diff->new = malloc(diff->job->result.size + 1);
	if (!diff->old || !diff->new)
		return error_memory(error);
	for (uint32_t i = 0; i < layout->n_sources; i++)
		copy_bytes(diff->old + layout->starts[i], diff->searched[i]);
	copy_bytes(diff->new, diff->job->result);
	if (diff->round > 0 && layout_sort(layout, error) < 0)
		return -1;
	return parallel_run(
		(size_t)layout->n_new_elves + layout->n_old_elves, diff->job->workers, task, diff, error);
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

	while (bits < NOVEL_LINE_BITS_MAX && (uint64_t)1 << bits < new / NEW_EACH)
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

static int write_coded(Found *found, Pack *pack, Buffer *ret, Error *error)
{
	Layout *layout = &found->final.layout;
	const BodySettings settings = {.line_bits = line_bits_for(found->new),
		.teach_gap = found->new < TEACHABLE_MAX ? TEACH_GAP : 0};
	CLEANUP_FREE uint8_t **marks = calloc((size_t)layout->n_old_elves + 1, sizeof(*marks));
	const BodyWriting writing = {
		.result = found->diff->job->result.data,
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

static int write_body(Found *found, Error *error)
{
	CLEANUP(pack_free) Pack *pack = NULL;
	CLEANUP_BUFFER Buffer coded = BUFFER_INIT;
	/* The models take a third of a second for each MiB. */
	bool is_too_much = found->new > MODELLED_MAX + found->diff->job->result.size / 64;

	if (pack_new(is_too_much, &pack, error) < 0 || write_coded(found, pack, &coded, error) < 0)
		return -1;
	return delta_body_write(buffer_bytes(&coded), pack_bytes(pack), &found->body, error);
}

static int name_sources(Found *found, Error *error)
{
	const FinalLayout *final = &found->final;
	DeltaHeader *header = &found->header;

	header->sources = calloc((size_t) final->layout.n_sources + 1, sizeof(*header->sources));
	if (!header->sources)
		return error_memory(error);
	for (uint32_t i = 0; i < final->layout.n_sources; i++) {
		const DiffSource *from = &found->diff->job->sources[found->diff->indexes[final->indexes[i]]];
		DeltaSource *source = &header->sources[i];

		header->n_sources = i + 1;
		source->name = strdup(from->name);
		source->size = from->bytes.size;
		if (!source->name)
			return error_memory(error);
	}
	return 0;
}

static int write_found(Found *found, Error *error)
{
	CLEANUP_BUFFER Buffer header = BUFFER_INIT;

	if (write_body(found, error) < 0 || name_sources(found, error) < 0)
		return -1;
	found->header.method = DELTA_METHOD_BODY;
	found->header.result_size = found->diff->job->result.size;
	found->header.body_size = found->body.size;
	if (delta_header_write(&found->header, &header, error) < 0)
		return -1;
	found->size = header.size + found->body.size;
	layout_clear(&found->final.layout);
	return 0;
}

static int write_delta(Found *found, Buffer *ret, Error *error)
{
	DeltaHeader *header = &found->header;

	for (uint32_t i = 0; i < header->n_sources; i++)
		if (hash_bytes(found->final.sources[i], &header->sources[i].digest, error) < 0)
			return -1;
	if (hash_bytes(found->diff->job->result, &header->result_digest, error) < 0 ||
		delta_header_write(header, ret, error) < 0)
		return -1;
	return buffer_append(ret, found->body.data, found->body.size, error);
}

static int search(Diff *diff, Found *ret, Error *error)
{
	Layout *layout = &ret->final.layout;

	if (normalize(diff, error) < 0 || find_blocks(diff, error) < 0)
		return -1;
	ret->diff = diff;
	ret->new = count_new(diff);
	/* They would weigh most while the models are at work. */
	free(TAKE_PTR(diff->old));
	free(TAKE_PTR(diff->new));
	if (final_layout_make(&diff->layout, &ret->final, error) < 0 ||
		blocks_split_same(layout, diff->job->result.data, error) < 0)
		return -1;
	return blocks_limit(layout, LAYOUT_BLOCKS_MAX, error);
}

static int find_elves(Diff *diff, Error *error)
{
	if (elves_find_old(&diff->layout, error) < 0)
		return -1;
	return elves_find_new(&diff->layout, diff->job->result, &diff->new_elves, error);
}

/* With so little to be said of so much, no other blocks can say it noticeably better. */
static bool is_hardly_changed(const Found *found)
{
	return found->new + BLOCK_COST *(uint64_t)found->final.layout.n_blocks <
	       found->diff->job->result.size / 65536;
}

typedef struct Rounds {
	Diff *diff;
	Found best, found, next;
} Rounds;

static void rounds_clear_cleanup(Rounds *rounds)
{
	found_clear(&rounds->best);
	found_clear(&rounds->found);
	found_clear(&rounds->next);
}

/* The two things that can be done at the same time: writing what is found, and finding what is next. */
static int write_or_search(void *userdata, size_t number, Error *error)
{
	Rounds *rounds = userdata;

	return number == 0 ? write_found(&rounds->found, error) : search(rounds->diff, &rounds->next, error);
}

static void move_found(Found *from, Found *to)
{
	found_clear(to);
	*to = *from;
	*from = (Found){.diff = NULL};
}

/* Blocks found by the content of what is referred to give the places for a second search, whose blocks give
 * those for a third. Mostly each is better than the last; the smallest counts. */
static int search_in_rounds(Rounds *rounds, Error *error)
{
	Diff *diff = rounds->diff;
	unsigned workers = diff->job->result.size < OVERLAP_MIN ? 1 : diff->job->workers;

	if (search(diff, &rounds->found, error) < 0)
		return -1;
	if (is_hardly_changed(&rounds->found))
		diff->n_rounds = 1;
	for (unsigned i = 1; i <= diff->n_rounds; i++) {
		if (parallel_run(i < diff->n_rounds ? 2 : 1, workers, write_or_search, rounds, error) < 0)
			return -1;
		if (i == 1 || rounds->found.size < rounds->best.size)
			move_found(&rounds->found, &rounds->best);
		move_found(&rounds->next, &rounds->found);
	}
	return 0;
}

int delta_diff(const DiffJob *job, Buffer *ret, Error *error)
{
	CLEANUP(diff_clear) Diff diff = {.job = job, .n_rounds = job->level == DIFF_FAST ? 1 : ROUNDS_MAX};
	CLEANUP(rounds_clear) Rounds rounds = {.diff = &diff};

	if (check_extents(job, error) < 0 || choose_sources(&diff, error) < 0 || find_elves(&diff, error) < 0)
		return -1;
	/* Without references to look up, every search finds the same. */
	if (diff.layout.n_new_elves == 0)
		diff.n_rounds = 1;
	if (search_in_rounds(&rounds, error) < 0)
		return -1;
	return write_delta(&rounds.best, ret, error);
}
