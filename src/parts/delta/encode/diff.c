/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/diff.h"

#include <stdlib.h>

#include "parts/delta/encode/pack.h"
#include "parts/delta/encode/plan.h"
#include "parts/delta/encode/sketch.h"
#include "parts/delta/format/segment.h"

enum {
	/* Bytes of an old file that a piece is diffed against: PREFIX_SHARE times as many as it has itself,
	 * within these bounds, around the place it corresponds to. The device does not care; the publisher's
	 * time and memory grow with it. */
	PREFIX_SHARE = 16,
	PREFIX_MIN = 1024 * 1024,
	PREFIX_MAX = 16 * 1024 * 1024,
};

/* A segment whose source is still an index into what diff was given, and whose packed payload begins at
 * packed_at: both get their final form when all segments are there. */
typedef struct Draft {
	Segment segment;
	size_t packed_at;
} Draft;

/* A delta being made. */
typedef struct Diff {
	const DiffSource *sources;
	size_t n_sources;
	Bytes result;
	Pack *pack;
	Sketch *sketch; /* NULL until somebody asks */
	Buffer packed;
	Draft *drafts;
	size_t n_drafts;
	uint32_t *places; /* of each source in the header; before it is written, 1 for those that are used */
	DeltaHeader header;
} Diff;

static void diff_clear(Diff *diff)
{
	(void)pack_free(diff->pack);
	(void)sketch_free(diff->sketch);
	buffer_clear(&diff->packed);
	free(diff->drafts);
	free(diff->places);
	delta_header_clear(&diff->header);
}

static inline void diff_clear_cleanup(Diff *diff)
{
	diff_clear(diff);
}

static uint64_t window_size(const Piece *piece)
{
	uint64_t size = PREFIX_SHARE * piece->length;

	size = size > PREFIX_MIN ? size : PREFIX_MIN;
	return size < PREFIX_MAX ? size : PREFIX_MAX;
}

/* The window of its source that a piece is diffed against. */
static void choose_window(const Diff *diff, const Piece *piece, Segment *segment)
{
	uint64_t size = diff->sources[piece->source].bytes.size;
	uint64_t window = window_size(piece);
	uint64_t middle = piece->offset_in_source + piece->length / 2;
	uint64_t offset = 0;

	if (size > window) {
		offset = middle > window / 2 ? middle - window / 2 : 0;
		offset = offset < size - window ? offset : size - window;
	}
	segment->source = (uint32_t)piece->source;
	segment->offset = offset;
	segment->window = size < window ? size : window;
}

/* Puts the payload that was packed last, from at on, in the place of the draft's one if it is smaller, and
 * drops it otherwise. */
static void keep_smaller(Diff *diff, Draft *draft, const Segment *other, size_t at)
{
	size_t size = diff->packed.size - at;

	if (draft->segment.kind != SEGMENT_STORED && size >= draft->segment.payload.size) {
		diff->packed.size = at;
		return;
	}
	memmove(diff->packed.data + draft->packed_at, diff->packed.data + at, size);
	diff->packed.size = draft->packed_at + size;
	draft->segment = *other;
	draft->segment.payload.size = size;
}

/* Packs the piece, against the source it names or against nothing, and keeps that if it is the smallest. */
static int try_piece(Diff *diff, const Piece *piece, Draft *draft, Error *error)
{
	Bytes bytes = {diff->result.data + piece->offset, (size_t)piece->length};
	Segment segment = {.kind = SEGMENT_PACKED, .length = piece->length};
	Bytes prefix = {NULL, 0};
	size_t at = diff->packed.size;

	if (piece->source != SIZE_MAX) {
		segment.kind = SEGMENT_PREFIXED;
		choose_window(diff, piece, &segment);
		prefix.data = diff->sources[piece->source].bytes.data + segment.offset;
		prefix.size = (size_t)segment.window;
	}
	if (pack_segment(diff->pack, bytes, prefix, &diff->packed, error) < 0)
		return -1;
	keep_smaller(diff, draft, &segment, at);
	return 0;
}

/* Asks the sketch for a source (SKETCH_NOTHING: it knows none). */
static int look_for_source(Diff *diff, Piece *piece, Error *error)
{
	Bytes bytes = {diff->result.data + piece->offset, (size_t)piece->length};

	if (!diff->sketch && sketch_new(diff->sources, diff->n_sources, &diff->sketch, error) < 0)
		return -1;
	return sketch_find(diff->sketch, bytes, &piece->source, &piece->offset_in_source, error);
}

/* Is there more of the source than a window shows? */
static bool is_large(const Diff *diff, const Piece *piece)
{
	return piece->source != SIZE_MAX && diff->sources[piece->source].bytes.size > window_size(piece);
}

/* A source that helps leaves little of a piece; where it does not, or there is none, or only a part of it
 * can be the prefix, the sketch may know better. Trying costs the publisher time, and the device nothing. */
static int draft_similar(Diff *diff, const Piece *piece, Draft *draft, Error *error)
{
	Bytes bytes = {diff->result.data + piece->offset, (size_t)piece->length};
	bool named = piece->source != SIZE_MAX && !is_large(diff, piece);
	Piece other = *piece;
	int found = SKETCH_NOTHING;

	draft->packed_at = diff->packed.size;
	if (named && try_piece(diff, piece, draft, error) < 0)
		return -1;
	if (!named || draft->segment.payload.size > bytes.size / 2)
		found = look_for_source(diff, &other, error);
	if (found < 0)
		return -1;
	if ((is_large(diff, piece) || (found == 0 && other.source != piece->source)) &&
		try_piece(diff, &other, draft, error) < 0)
		return -1;
	other.source = SIZE_MAX;
	if ((draft->segment.kind == SEGMENT_STORED || draft->segment.payload.size > bytes.size / 2) &&
		try_piece(diff, &other, draft, error) < 0)
		return -1;
	if (draft->segment.payload.size >= bytes.size) {
		diff->packed.size = draft->packed_at;
		draft->segment.kind = SEGMENT_STORED;
		draft->segment.payload = bytes;
	}
	return 0;
}

static int draft_piece(Diff *diff, const Piece *piece, Error *error)
{
	Draft *draft = &diff->drafts[diff->n_drafts++];

	draft->segment.length = piece->length;
	switch (piece->kind) {
	case PIECE_ZEROS:
		draft->segment.kind = SEGMENT_ZEROS;
		break;
	case PIECE_COPY:
		draft->segment.kind = SEGMENT_COPY;
		draft->segment.source = (uint32_t)piece->source;
		draft->segment.offset = piece->offset_in_source;
		break;
	case PIECE_DIFF:
		if (draft_similar(diff, piece, draft, error) < 0)
			return -1;
		break;
	}
	if (draft->segment.kind == SEGMENT_COPY || draft->segment.kind == SEGMENT_PREFIXED)
		diff->places[draft->segment.source] = 1;
	return 0;
}

static int draft_all(Diff *diff, const Plan *plan, DiffProgress progress, void *userdata, Error *error)
{
	diff->drafts = calloc(plan->count ? plan->count : 1, sizeof(*diff->drafts));
	if (!diff->drafts)
		return error_memory(error);
	for (size_t i = 0; i < plan->count; i++) {
		const Piece *piece = &plan->pieces[i];

		if (draft_piece(diff, piece, error) < 0)
			return -1;
		if (progress)
			progress(userdata, piece->offset + piece->length, diff->result.size);
	}
	return 0;
}

static int compare_sources(const void *a, const void *b, void *userdata)
{
	const DiffSource *sources = userdata;

	return strcmp(sources[*(const uint32_t *)a].name, sources[*(const uint32_t *)b].name);
}

static int add_source(Diff *diff, uint32_t from, Error *error)
{
	const DiffSource *source = &diff->sources[from];
	DeltaSource *to = &diff->header.sources[diff->header.n_sources];

	to->size = source->bytes.size;
	if (hash_bytes(source->bytes, &to->digest, error) < 0)
		return -1;
	to->name = strdup(source->name);
	if (!to->name)
		return error_memory(error);
	diff->places[from] = diff->header.n_sources++;
	return 0;
}

/* The sources that are used go into the header, sorted by name. */
static int place_sources(Diff *diff, Error *error)
{
	CLEANUP_FREE uint32_t *used = calloc(diff->n_sources ? diff->n_sources : 1, sizeof(*used));
	size_t n = 0;

	if (!used)
		return error_memory(error);
	for (size_t i = 0; i < diff->n_sources; i++)
		if (diff->places[i])
			used[n++] = (uint32_t)i;
	qsort_r(used, n, sizeof(*used), compare_sources, (void *)(uintptr_t)diff->sources);
	diff->header.sources = calloc(n ? n : 1, sizeof(*diff->header.sources));
	if (!diff->header.sources)
		return error_memory(error);
	for (size_t i = 0; i < n; i++)
		if (add_source(diff, used[i], error) < 0)
			return -1;
	return 0;
}

static int write_body(const Diff *diff, Buffer *ret, Error *error)
{
	for (size_t i = 0; i < diff->n_drafts; i++) {
		Segment segment = diff->drafts[i].segment;

		if (segment.kind == SEGMENT_COPY || segment.kind == SEGMENT_PREFIXED)
			segment.source = diff->places[segment.source];
		if (segment.kind == SEGMENT_PACKED || segment.kind == SEGMENT_PREFIXED)
			segment.payload.data = diff->packed.data + diff->drafts[i].packed_at;
		if (segment_write(&segment, ret, error) < 0)
			return -1;
	}
	return 0;
}

static int write_delta(Diff *diff, Buffer *ret, Error *error)
{
	CLEANUP_BUFFER Buffer body = BUFFER_INIT;
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	DeltaHeader *header = &diff->header;

	if (place_sources(diff, error) < 0 || write_body(diff, &body, error) < 0 ||
		hash_bytes(diff->result, &header->result_digest, error) < 0)
		return -1;
	header->kind = DELTA_KIND_FILE;
	header->method = DELTA_METHOD_SEGMENTS;
	header->result_size = diff->result.size;
	header->body_size = body.size;
	if (delta_header_write(header, &delta, error) < 0)
		return -1;
	if (buffer_append(&delta, body.data, body.size, error) < 0)
		return -1;
	return buffer_append(ret, delta.data, delta.size, error);
}

int delta_diff(const DiffSource *sources, size_t n_sources, Bytes result, const DiffExtent *extents,
	size_t n_extents, DiffProgress progress, void *userdata, Buffer *ret, Error *error)
{
	CLEANUP(diff_clear) Diff diff = {.sources = sources, .n_sources = n_sources, .result = result};
	CLEANUP(plan_clear) Plan plan = {.pieces = NULL};

	if (n_sources > UINT32_MAX || result.size > DELTA_RESULT_MAX)
		return error_set(error,
			"there are too many old files, or the new one is larger than %llu bytes",
			(unsigned long long)DELTA_RESULT_MAX);
	diff.places = calloc(n_sources ? n_sources : 1, sizeof(*diff.places));
	if (!diff.places)
		return error_memory(error);
	if (plan_make(sources, n_sources, result, extents, n_extents, &plan, error) < 0 ||
		pack_new(&diff.pack, error) < 0 || draft_all(&diff, &plan, progress, userdata, error) < 0)
		return -1;
	return write_delta(&diff, ret, error);
}
