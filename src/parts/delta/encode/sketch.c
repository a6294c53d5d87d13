/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/sketch.h"

#include <stdlib.h>

enum {
	WINDOW = 32,           /* bytes that a sample's hash covers */
	SAMPLES_MAX = 1 << 22, /* about so many of all sources; sixteen bytes each */
	SAMPLE_BITS_MIN = 6,   /* one byte in 64 starts a sample */
	COPIES_MAX = 8,        /* what is found more often than that (padding) says nothing */
	VOTES_MIN = 2,
};

typedef struct Sample {
	uint64_t hash;
	uint32_t source;
	uint32_t offset; /* of its end; DELTA_SOURCE_MAX lets it fit, but for the very last byte */
} Sample;

/* A sample of the piece found in a source: where the piece would start in it. */
typedef struct Vote {
	uint32_t source;
	int64_t start;
} Vote;

struct Sketch {
	uint64_t gear[256];
	unsigned bits;
	Sample *samples; /* sorted */
	size_t n_samples, room;
	Vote *votes;
	size_t n_votes, votes_room;
};

Sketch *sketch_free(Sketch *sketch)
{
	if (sketch) {
		free(sketch->samples);
		free(sketch->votes);
		free(sketch);
	}
	return NULL;
}

/* Any fixed table of unlike numbers does; these are splitmix64's. */
static void fill_gear(Sketch *sketch)
{
	uint64_t state = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sketch->gear); i++) {
		uint64_t z = state += 0x9e3779b97f4a7c15u;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		sketch->gear[i] = z ^ (z >> 31);
	}
}

/* Makes room for one more in an array. */
static int grow(void *array, size_t count, size_t *room, size_t size, Error *error)
{
	void **place = array;
	size_t more = *room ? 2 * *room : 1024;
	void *bigger;

	if (count < *room)
		return 0;
	bigger = reallocarray(*place, more, size);
	if (!bigger)
		return error_memory(error);
	*place = bigger;
	*room = more;
	return 0;
}

/* The end of the next sample at or behind *at, and its hash. false: there is none. Each byte moves the older
 * ones up two bits, so that the upper bits know the last WINDOW bytes and nothing before them. */
static bool next_sample(const Sketch *sketch, Bytes bytes, size_t *at, uint64_t *hash)
{
	uint64_t h = *hash;

	for (size_t i = *at; i < bytes.size; i++) {
		h = (h << 2) + sketch->gear[bytes.data[i]];
		if (i + 1 >= WINDOW && h >> (64 - sketch->bits) == 0) {
			*at = i + 1;
			*hash = h;
			return true;
		}
	}
	return false;
}

static int add_source(Sketch *sketch, uint32_t source, Bytes bytes, Error *error)
{
	uint64_t hash = 0;

	if (bytes.size > UINT32_MAX)
		bytes.size = UINT32_MAX;
	for (size_t at = 0; next_sample(sketch, bytes, &at, &hash);) {
		if (grow(&sketch->samples, sketch->n_samples, &sketch->room, sizeof(Sample), error) < 0)
			return -1;
		sketch->samples[sketch->n_samples++] = (Sample){hash, source, (uint32_t)at};
	}
	return 0;
}

static int compare_samples(const void *a, const void *b)
{
	const Sample *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int fill(Sketch *sketch, const DiffSource *sources, size_t n_sources, Error *error)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n_sources; i++)
		total += sources[i].bytes.size;
	sketch->bits = SAMPLE_BITS_MIN;
	while (total >> sketch->bits > SAMPLES_MAX)
		sketch->bits++;
	for (size_t i = 0; i < n_sources; i++)
		if (add_source(sketch, (uint32_t)i, sources[i].bytes, error) < 0)
			return -1;
	if (sketch->n_samples > 0)
		qsort(sketch->samples, sketch->n_samples, sizeof(*sketch->samples), compare_samples);
	return 0;
}

int sketch_new(const DiffSource *sources, size_t n_sources, Sketch **ret, Error *error)
{
	CLEANUP(sketch_free) Sketch *sketch = calloc(1, sizeof(*sketch));

	if (!sketch)
		return error_memory(error);
	fill_gear(sketch);
	if (fill(sketch, sources, n_sources, error) < 0)
		return -1;
	*ret = TAKE_PTR(sketch);
	return 0;
}

static size_t lower_bound(const Sketch *sketch, uint64_t hash)
{
	size_t low = 0, high = sketch->n_samples;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sketch->samples[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int vote(Sketch *sketch, uint64_t hash, size_t at, Error *error)
{
	size_t first = lower_bound(sketch, hash);
	size_t end = first;

	while (end < sketch->n_samples && sketch->samples[end].hash == hash && end - first <= COPIES_MAX)
		end++;
	if (end - first > COPIES_MAX)
		return 0;
	for (size_t i = first; i < end; i++) {
		const Sample *sample = &sketch->samples[i];

		if (grow(&sketch->votes, sketch->n_votes, &sketch->votes_room, sizeof(Vote), error) < 0)
			return -1;
		sketch->votes[sketch->n_votes++] =
			(Vote){sample->source, (int64_t)sample->offset - (int64_t)at};
	}
	return 0;
}

static int compare_votes(const void *a, const void *b)
{
	const Vote *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* The votes of the source that has most; of those with equally many, the first. */
static size_t longest_run(const Sketch *sketch, size_t *ret_first)
{
	size_t best = 0;

	for (size_t first = 0, end; first < sketch->n_votes; first = end) {
		for (end = first; end < sketch->n_votes; end++)
			if (sketch->votes[end].source != sketch->votes[first].source)
				break;
		if (end - first > best) {
			best = end - first;
			*ret_first = first;
		}
	}
	return best;
}

int sketch_find(Sketch *sketch, Bytes piece, size_t *ret_source, uint64_t *ret_offset, Error *error)
{
	uint64_t hash = 0;
	size_t first = 0, count;
	const Vote *middle;

	sketch->n_votes = 0;
	for (size_t at = 0; next_sample(sketch, piece, &at, &hash);)
		if (vote(sketch, hash, at, error) < 0)
			return -1;
	if (sketch->n_votes < VOTES_MIN)
		return SKETCH_NOTHING;
	qsort(sketch->votes, sketch->n_votes, sizeof(*sketch->votes), compare_votes);
	count = longest_run(sketch, &first);
	if (count < VOTES_MIN)
		return SKETCH_NOTHING;
	/* The median: stray matches lie on both sides of it. */
	middle = &sketch->votes[first + count / 2];
	*ret_source = middle->source;
	*ret_offset = middle->start > 0 ? (uint64_t)middle->start : 0;
	return 0;
}
