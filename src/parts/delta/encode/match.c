/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/match.h"

#include <stdlib.h>

enum {
	WORTHWHILE = 10, /* equal bytes that a block must have */
	SEARCH_MAX = 1 << 16,
};

typedef struct Matcher {
	const Suffix *suffix;
	Bytes old, new;
	unsigned better;
	Block *blocks;
	size_t n, capacity;
	/* the place in new, and in old, that the last block began with */
	size_t last_new, last_old;
} Matcher;

static int add_block(Matcher *matcher, size_t at, size_t old, size_t length, Error *error)
{
	if (length == 0)
		return 0;
	if (matcher->n == matcher->capacity) {
		size_t capacity = matcher->capacity ? 2 * matcher->capacity : 1024;
		Block *blocks = reallocarray(matcher->blocks, capacity, sizeof(*blocks));

		if (!blocks)
			return error_memory(error);
		matcher->blocks = blocks;
		matcher->capacity = capacity;
	}
	matcher->blocks[matcher->n++] =
		(Block){.at = (uint32_t)at, .length = (uint32_t)length, .old = (uint32_t)old};
	return 0;
}

/* How far from (at, old) on, at most most, is worth copying: where equal bytes outweigh others the most. */
static size_t extend_forward(const Matcher *matcher, size_t at, size_t old, size_t most)
{
	long score = 0, best = 0;
	size_t length = 0;

	for (size_t i = 0; i < most && old + i < matcher->old.size; i++) {
		score += matcher->new.data[at + i] == matcher->old.data[old + i] ? 1 : -1;
		if (score > best) {
			best = score;
			length = i + 1;
		}
		if (score < best - 64)
			break;
	}
	return length;
}

static size_t extend_backward(const Matcher *matcher, size_t at, size_t old, size_t most)
{
	long score = 0, best = 0;
	size_t length = 0;

	for (size_t i = 1; i <= most && i <= old; i++) {
		score += matcher->new.data[at - i] == matcher->old.data[old - i] ? 1 : -1;
		if (score > best) {
			best = score;
			length = i;
		}
		if (score < best - 64)
			break;
	}
	return length;
}

/* The last block's forward part and the next one's backward part overlap: where is the best cut? */
static size_t best_cut(
	const Matcher *matcher, size_t overlap, size_t at, size_t old_before, size_t old_behind)
{
	long score = 0, best = 0;
	size_t cut = 0;

	for (size_t i = 0; i < overlap; i++) {
		score += matcher->new.data[at + i] == matcher->old.data[old_before + i];
		score -= matcher->new.data[at + i] == matcher->old.data[old_behind + i];
		if (score > best) {
			best = score;
			cut = i + 1;
		}
	}
	return cut;
}

/* The place (at, old) is where the next block is found: ends the last one. */
static int finish(Matcher *matcher, size_t at, size_t old, size_t length, Error *error)
{
	size_t gap = at - matcher->last_new;
	size_t forward = extend_forward(matcher, matcher->last_new, matcher->last_old, gap);
	size_t backward = length > 0 ? extend_backward(matcher, at, old, gap) : 0;

	if (forward + backward > gap) {
		size_t overlap = forward + backward - gap;
		size_t cut = best_cut(matcher, overlap, matcher->last_new + forward - overlap,
			matcher->last_old + forward - overlap, old - backward);

		forward = forward - overlap + cut;
		backward -= cut;
	}
	if (add_block(matcher, matcher->last_new, matcher->last_old, forward, error) < 0)
		return -1;
	matcher->last_new = at - backward;
	matcher->last_old = old - backward;
	return 0;
}

static bool agrees(const Matcher *matcher, size_t at)
{
	size_t old = at - matcher->last_new + matcher->last_old;

	return old < matcher->old.size && matcher->new.data[at] == matcher->old.data[old];
}

static int find_all(Matcher *matcher, MatchProgress progress, void *userdata, Error *error)
{
	size_t scan = 0, length = 0, place = 0;

	while (scan < matcher->new.size) {
		size_t score = 0, counted = scan += length;

		for (; scan < matcher->new.size; scan++) {
			size_t left = matcher->new.size - scan;

			length = suffix_find(matcher->suffix,
				(Bytes){matcher->new.data + scan, left < SEARCH_MAX ? left : SEARCH_MAX},
				scan - matcher->last_new + matcher->last_old, &place);
			for (; counted < scan + length; counted++)
				score += agrees(matcher, counted);
			if ((length == score && length != 0) || length > score + matcher->better)
				break;
			score -= scan < counted && agrees(matcher, scan);
		}
		if (length != score || scan == matcher->new.size) {
			if (finish(matcher, scan, place, scan == matcher->new.size ? 0 : length, error) < 0)
				return -1;
			if (progress)
				progress(userdata, scan, matcher->new.size);
		}
	}
	return 0;
}

/* Leaves out what costs more than it brings. */
static void drop_poor(Matcher *matcher)
{
	size_t kept = 0;

	for (size_t i = 0; i < matcher->n; i++) {
		const Block *block = &matcher->blocks[i];
		size_t equal = 0;

		for (size_t j = 0; j < block->length && equal < WORTHWHILE; j++)
			equal += matcher->new.data[block->at + j] == matcher->old.data[block->old + j];
		if (equal >= WORTHWHILE)
			matcher->blocks[kept++] = *block;
	}
	matcher->n = kept;
}

int match_find(const Suffix *suffix, Bytes old, Bytes new, unsigned better, MatchProgress progress,
	void *userdata, Block **ret, uint32_t *ret_n, Error *error)
{
	Matcher matcher = {.suffix = suffix, .old = old, .new = new, .better = better};

	if (find_all(&matcher, progress, userdata, error) < 0) {
		free(matcher.blocks);
		return -1;
	}
	drop_poor(&matcher);
	*ret = matcher.blocks;
	*ret_n = (uint32_t)matcher.n;
	return 0;
}
