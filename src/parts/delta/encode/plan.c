/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/plan.h"

#include <stdlib.h>

#include "parts/delta/format/segment.h"

enum {
	/* A segment of its own costs some twenty bytes and keeps the compressor from seeing both sides at
	 * once: it must be worth that. Copies of unchanged stretches mostly save the publisher's time. */
	ZEROS_MIN = 64 * 1024,
	COPY_MIN = 4096,
};

/* A stretch of the result and the old bytes that it is held against. */
typedef struct Run {
	uint64_t offset, length;
	size_t source;
	uint64_t source_offset, source_length;
} Run;

/* A plan being made. */
typedef struct Planner {
	const DiffSource *sources;
	size_t n_sources;
	Bytes result;
	Plan plan;
} Planner;

void plan_clear(Plan *plan)
{
	free(plan->pieces);
	*plan = (Plan){NULL, 0, 0};
}

static int add_piece(Plan *plan, Piece piece, Error *error)
{
	if (plan->count == plan->capacity) {
		size_t capacity = plan->capacity ? 2 * plan->capacity : 64;
		Piece *pieces = reallocarray(plan->pieces, capacity, sizeof(*pieces));

		if (!pieces)
			return error_memory(error);
		plan->pieces = pieces;
		plan->capacity = capacity;
	}
	plan->pieces[plan->count++] = piece;
	return 0;
}

static size_t count_zeros(Bytes bytes)
{
	size_t n = 0;

	while (n < bytes.size && bytes.data[n] == 0)
		n++;
	return n;
}

static size_t common_prefix(Bytes a, Bytes b)
{
	size_t max = a.size < b.size ? a.size : b.size;
	size_t n = 0;

	while (n < max && a.data[n] == b.data[n])
		n++;
	return n;
}

static size_t common_suffix(Bytes a, Bytes b)
{
	size_t max = a.size < b.size ? a.size : b.size;
	size_t n = 0;

	while (n < max && a.data[a.size - 1 - n] == b.data[b.size - 1 - n])
		n++;
	return n;
}

/* How many bytes go into one piece: up to the next long run of zeros, or as many as a piece may have. */
static size_t piece_length(Bytes bytes)
{
	size_t max = bytes.size < SEGMENT_PACKED_MAX ? bytes.size : SEGMENT_PACKED_MAX;
	size_t zeros = 0;

	for (size_t i = 0; i < max; i++) {
		zeros = bytes.data[i] == 0 ? zeros + 1 : 0;
		if (zeros == ZEROS_MIN && i + 1 > ZEROS_MIN)
			return i + 1 - ZEROS_MIN;
	}
	return max;
}

/* Where in the old bytes of the run the byte at done corresponds to: the same share of the way. */
static uint64_t corresponding(const Run *run, uint64_t done)
{
	return run->source_offset +
	       (uint64_t)((double)done / (double)run->length * (double)run->source_length);
}

static int cut_run(Planner *planner, const Run *run, Error *error)
{
	for (uint64_t done = 0; done < run->length;) {
		Bytes rest = {planner->result.data + run->offset + done, (size_t)(run->length - done)};
		size_t zeros = count_zeros(rest);
		bool empty = zeros == rest.size || zeros >= ZEROS_MIN;
		Piece piece = {
			.kind = empty ? PIECE_ZEROS : PIECE_DIFF,
			.offset = run->offset + done,
			.length = empty ? zeros : piece_length(rest),
			.source = empty ? SIZE_MAX : run->source,
			.offset_in_source = corresponding(run, done),
		};

		if (add_piece(&planner->plan, piece, error) < 0)
			return -1;
		done += piece.length;
	}
	return 0;
}

static int add_copy(Planner *planner, const Run *run, Error *error)
{
	const Piece piece = {
		.kind = PIECE_COPY,
		.offset = run->offset,
		.length = run->length,
		.source = run->source,
		.offset_in_source = run->source_offset,
	};

	return run->length > 0 ? add_piece(&planner->plan, piece, error) : 0;
}

static Run part_of(
	const Run *run, uint64_t skip, uint64_t length, uint64_t source_skip, uint64_t source_length)
{
	return (Run){
		run->offset + skip, length, run->source, run->source_offset + source_skip, source_length};
}

/* A run with a source: what both begin and end with is copied, the middle is diffed. */
static int plan_against_source(Planner *planner, const Run *run, Error *error)
{
	Bytes new_bytes = {planner->result.data + run->offset, (size_t)run->length};
	Bytes old = planner->sources[run->source].bytes;
	size_t head = common_prefix(new_bytes, old);
	size_t tail;
	Run part;

	head = head >= COPY_MIN || head == new_bytes.size ? head : 0;
	new_bytes = (Bytes){new_bytes.data + head, new_bytes.size - head};
	old = (Bytes){old.data + head, old.size - head};
	tail = common_suffix(new_bytes, old);
	tail = tail >= COPY_MIN ? tail : 0;
	part = part_of(run, 0, head, 0, head);
	if (add_copy(planner, &part, error) < 0)
		return -1;
	part = part_of(run, head, new_bytes.size - tail, head, old.size - tail);
	if (cut_run(planner, &part, error) < 0)
		return -1;
	part = part_of(run, run->length - tail, tail, run->source_length - tail, tail);
	return add_copy(planner, &part, error);
}

static int check_extent(const Planner *planner, const DiffExtent *extent, uint64_t end, Error *error)
{
	if (extent->offset < end || !range_within(extent->offset, extent->length, planner->result.size))
		return error_set(
			error, "the extents of the new file overlap, are not sorted or pass its end");
	if (extent->likely_source != SIZE_MAX && extent->likely_source >= planner->n_sources)
		return error_set(error, "an extent names an old file that is not there");
	return 0;
}

static bool has_source(const Planner *planner, const DiffExtent *extent)
{
	return extent->length > 0 && extent->likely_source != SIZE_MAX &&
	       planner->sources[extent->likely_source].bytes.size > 0;
}

static int plan_plain(Planner *planner, uint64_t offset, uint64_t end, Error *error)
{
	const Run run = {.offset = offset, .length = end - offset, .source = SIZE_MAX};

	return cut_run(planner, &run, error);
}

/* What has no source, between extents and in them, is gathered up to the next extent that has one. */
static int plan_all(Planner *planner, const DiffExtent *extents, size_t n_extents, Error *error)
{
	uint64_t end = 0, plain = 0;

	for (size_t i = 0; i < n_extents; i++) {
		const DiffExtent *extent = &extents[i];
		Run run = {
			.offset = extent->offset, .length = extent->length, .source = extent->likely_source};

		if (check_extent(planner, extent, end, error) < 0)
			return -1;
		end = extent->offset + extent->length;
		if (!has_source(planner, extent))
			continue;
		run.source_length = planner->sources[run.source].bytes.size;
		if (plan_plain(planner, plain, extent->offset, error) < 0 ||
			plan_against_source(planner, &run, error) < 0)
			return -1;
		plain = end;
	}
	return plan_plain(planner, plain, planner->result.size, error);
}

int plan_make(const DiffSource *sources, size_t n_sources, Bytes result, const DiffExtent *extents,
	size_t n_extents, Plan *ret, Error *error)
{
	Planner planner = {.sources = sources, .n_sources = n_sources, .result = result};

	if (plan_all(&planner, extents, n_extents, error) < 0) {
		plan_clear(&planner.plan);
		return -1;
	}
	*ret = planner.plan;
	return 0;
}
