/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/match.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/parallel.h"

enum {
	WORTHWHILE = 10, /* equal bytes that a block must have */
	SEARCH_MAX = 1 << 16,
	PIECE_SIZE = 1 << 18,
	MARKS_MAX = 256, /* of a piece: searches that meet do so early */
};

/* Where a search stands between two blocks: it decides what is found from there on. */
typedef struct Mark {
	size_t scan, length;       /* what comes next is looked for at scan + length */
	size_t last_new, last_old; /* the place in new, and in old, that the last block began with */
	size_t n;                  /* blocks so far */
} Mark;

/* What is known of a place in new. */
typedef struct Probe {
	size_t at, length; /* so many bytes from there on occur in old, no more */
	size_t found;      /* for suffix_near(); SIZE_MAX when they have not been looked up */
} Probe;

typedef struct Matcher {
	const Suffix *suffix;
	Bytes old, new;
	unsigned better;
	Block *blocks;
	size_t n, capacity;
	size_t scan, length, last_new, last_old; /* as in Mark */
	bool looking; /* it has been stopped while it was looking for the next block */
	/* of new up to counted: bytes that the last block has right, if it went on, and behind the last one
	 * that it has wrong */
	size_t score, counted, wrong;
	size_t place; /* what was found is there in old */
	Probe probe;
	size_t known_from, known_to; /* in new: this stretch occurs in old */
} Matcher;

/* A part of new that is searched without knowing what the search of the one before comes to. */
typedef struct Piece {
	Matcher matcher;
	size_t end; /* in new: where the next piece begins */
	Mark *marks;
	size_t n_marks, next_mark;
} Piece;

typedef struct Search {
	Piece *pieces;
	size_t n_pieces, n_done;
	pthread_mutex_t lock; /* for n_done, and so that progress is told by one at a time */
	MatchProgress progress;
	void *userdata;
} Search;

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

static Bytes bytes_at(const Matcher *matcher, size_t at)
{
	size_t left = matcher->new.size - at;

	return (Bytes){matcher->new.data + at, left < SEARCH_MAX ? left : SEARCH_MAX};
}

static void look_up(Matcher *matcher, size_t at)
{
	matcher->probe.at = at;
	matcher->probe.length = suffix_find(matcher->suffix, bytes_at(matcher, at), &matcher->probe.found);
}

/* What was found goes on, behind the most that is looked for: that much need not be looked up again. */
static void find_known_end(Matcher *matcher)
{
	const Probe *probe = &matcher->probe;
	Bytes bytes = {matcher->new.data + probe->at, probe->length};
	size_t old = suffix_near(matcher->suffix, probe->found, bytes, 0), n = probe->length;

	while (n < 2 * SEARCH_MAX && probe->at + n < matcher->new.size &&old + n < matcher->old.size &&
		matcher->new.data[probe->at + n] == matcher->old.data[old + n])
		n++;
	matcher->known_from = probe->at;
	matcher->known_to = probe->at + n;
}

/* Where the longest stretch ends that begins at this place of new and occurs in old. It never ends before
 * that of an earlier place. */
static size_t end_from(Matcher *matcher, size_t at)
{
	Bytes most = bytes_at(matcher, at);

	if (matcher->probe.at == at && matcher->probe.length > 0)
		return at + matcher->probe.length;
	if (at >= matcher->known_from && at + most.size <= matcher->known_to) {
		matcher->probe = (Probe){at, most.size, SIZE_MAX};
		return at + most.size;
	}
	look_up(matcher, at);
	if (matcher->probe.length == SEARCH_MAX)
		find_known_end(matcher);
	return at + matcher->probe.length;
}

/*
 * From the places behind scan on, the longest stretches mostly end where that from scan on does. Then each
 * has less to say for itself than the one before, as long as the last block has a byte of it wrong: such
 * places are passed over, and the first one behind them is found by few searches.
 */
static void pass_over(Matcher *matcher)
{
	size_t end = matcher->scan + matcher->length, low = matcher->scan, step = 1, high;

	if (matcher->wrong <= matcher->scan + 1 || end != matcher->counted)
		return;
	/* Places below `wrong` have a wrong byte at or behind them. */
	while (low + step < matcher->wrong && end_from(matcher, low + step) == end) {
		low += step;
		step *= 2;
	}
	high = low + step < matcher->wrong ? low + step : matcher->wrong;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (end_from(matcher, middle) == end)
			low = middle;
		else
			high = middle;
	}
	while (matcher->scan < low)
		matcher->score -= agrees(matcher, ++matcher->scan);
}

static void begin_to_look(Matcher *matcher)
{
	matcher->looking = true;
	matcher->score = matcher->wrong = 0;
	matcher->counted = matcher->scan += matcher->length;
}

static void count(Matcher *matcher, size_t end)
{
	for (; matcher->counted < end; matcher->counted++) {
		if (agrees(matcher, matcher->counted))
			matcher->score++;
		else
			matcher->wrong = matcher->counted + 1;
	}
}

/* Of what the matcher has found at scan, the place that suits the last block best. */
static size_t choose_place(Matcher *matcher)
{
	size_t wish = matcher->scan - matcher->last_new + matcher->last_old;
	Bytes bytes = {matcher->new.data + matcher->scan, matcher->length};

	if (matcher->probe.at != matcher->scan || matcher->probe.found == SIZE_MAX)
		look_up(matcher, matcher->scan);
	return suffix_near(matcher->suffix, matcher->probe.found, bytes, wish);
}

/* Looks for the next place to copy from. False when it has come to `until` first; then it may go on later. */
static bool look(Matcher *matcher, size_t until)
{
	if (!matcher->looking)
		begin_to_look(matcher);
	for (; matcher->scan < matcher->new.size; matcher->scan++) {
		if (matcher->scan >= until)
			return false;
		matcher->length = end_from(matcher, matcher->scan) - matcher->scan;
		count(matcher, matcher->scan + matcher->length);
		if (matcher->length == matcher->score && matcher->length != 0)
			break;
		if (matcher->length > matcher->score + matcher->better) {
			matcher->place = choose_place(matcher);
			break;
		}
		matcher->score -= matcher->scan < matcher->counted && agrees(matcher, matcher->scan);
		pass_over(matcher);
	}
	matcher->looking = false;
	return true;
}

/* One step of the search: up to the next block, or to `until`. Returns whether there is more before that. */
static int step(Matcher *matcher, size_t until, bool *ret_more, Error *error)
{
	bool ends;

	*ret_more = look(matcher, until);
	if (!*ret_more)
		return 0;
	ends = matcher->scan == matcher->new.size;
	*ret_more = !ends;
	/* What the last block has as well is no reason for another. */
	if (matcher->length == matcher->score && !ends)
		return 0;
	return finish(matcher, matcher->scan, matcher->place, ends ? 0 : matcher->length, error);
}

static Mark mark_of(const Matcher *matcher)
{
	return (Mark){matcher->scan, matcher->length, matcher->last_new, matcher->last_old, matcher->n};
}

static int search_piece(Piece *piece, Error *error)
{
	Matcher *matcher = &piece->matcher;
	bool more = matcher->scan < matcher->new.size;

	piece->marks = calloc(MARKS_MAX, sizeof(*piece->marks));
	if (!piece->marks)
		return error_memory(error);
	while (more) {
		size_t before = matcher->n;

		if (step(matcher, piece->end, &more, error) < 0)
			return -1;
		if (matcher->n > before && !matcher->looking && piece->n_marks < MARKS_MAX)
			piece->marks[piece->n_marks++] = mark_of(matcher);
	}
	return 0;
}

static void tell_progress(Search *search)
{
	(void)pthread_mutex_lock(&search->lock);
	search->n_done++;
	if (search->progress)
		search->progress(search->userdata, search->n_done, search->n_pieces);
	(void)pthread_mutex_unlock(&search->lock);
}

static int search_number(void *userdata, size_t number, Error *error)
{
	Search *search = userdata;

	if (search_piece(&search->pieces[number], error) < 0)
		return -1;
	tell_progress(search);
	return 0;
}

/* Has the search of the piece been where the matcher is? Then it has gone on from there as the matcher would.
 */
static const Mark *meet(const Matcher *matcher, Piece *piece)
{
	const Mark *mark;

	while (piece->next_mark < piece->n_marks && piece->marks[piece->next_mark].scan < matcher->scan)
		piece->next_mark++;
	if (piece->next_mark == piece->n_marks || matcher->looking)
		return NULL;
	mark = &piece->marks[piece->next_mark];
	return mark->scan == matcher->scan && mark->length == matcher->length &&
			       mark->last_new == matcher->last_new && mark->last_old == matcher->last_old
		       ? mark
		       : NULL;
}

/* Goes on, as if it had found all that the piece has found from there on. */
static int take_over(Matcher *matcher, const Piece *piece, const Mark *mark, Error *error)
{
	Matcher from = piece->matcher;

	for (size_t i = mark->n; i < from.n; i++)
		if (add_block(matcher, from.blocks[i].at, from.blocks[i].old, from.blocks[i].length, error) <
			0)
			return -1;
	from.blocks = matcher->blocks;
	from.n = matcher->n;
	from.capacity = matcher->capacity;
	*matcher = from;
	return 0;
}

/* Goes on with the search through the piece, until it is where the piece's own search has been. */
static int join(Matcher *matcher, Piece *piece, Error *error)
{
	bool more = matcher->scan < matcher->new.size;

	while (more) {
		const Mark *mark = meet(matcher, piece);

		if (mark)
			return take_over(matcher, piece, mark, error);
		if (step(matcher, piece->end, &more, error) < 0)
			return -1;
	}
	return 0;
}

/* Pieces that are searched at the same time come to what one search of the whole does: that, going on from
 * one piece into the next, soon is where the search of that one has been. */
static int search_all(Search *search, unsigned workers, Error *error)
{
	Matcher *matcher = &search->pieces[0].matcher;
	bool alone = parallel_workers(workers) == 1;

	if (parallel_run(alone ? 1 : search->n_pieces, workers, search_number, search, error) < 0)
		return -1;
	for (size_t i = 1; i < search->n_pieces; i++) {
		Piece *piece = &search->pieces[i];

		if (join(matcher, piece, error) < 0)
			return -1;
		if (alone)
			tell_progress(search);
		free(piece->matcher.blocks);
		piece->matcher.blocks = NULL;
	}
	return 0;
}

static void init_pieces(Search *search, const Matcher *matcher)
{
	for (size_t i = 0; i < search->n_pieces; i++) {
		Piece *piece = &search->pieces[i];
		size_t begin = i * PIECE_SIZE;

		piece->matcher = *matcher;
		piece->matcher.scan = piece->matcher.last_new = begin;
		piece->matcher.last_old = begin < matcher->old.size ? begin : matcher->old.size;
		piece->end = i + 1 < search->n_pieces ? begin + PIECE_SIZE : SIZE_MAX;
	}
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

int match_find(const MatchJob *job, Block **ret, uint32_t *ret_n, Error *error)
{
	const Matcher matcher = {
		.suffix = job->suffix, .old = job->old, .new = job->new, .better = job->better};
	Search search = {
		.n_pieces = job->new.size / PIECE_SIZE + 1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.progress = job->progress,
		.userdata = job->userdata,
	};
	int r;

	search.pieces = calloc(search.n_pieces, sizeof(*search.pieces));
	if (!search.pieces)
		return error_memory(error);
	init_pieces(&search, &matcher);
	r = search_all(&search, job->workers, error);
	if (r == 0) {
		drop_poor(&search.pieces[0].matcher);
		*ret = TAKE_PTR(search.pieces[0].matcher.blocks);
		*ret_n = (uint32_t)search.pieces[0].matcher.n;
	}
	for (size_t i = 0; i < search.n_pieces; i++) {
		free(search.pieces[i].matcher.blocks);
		free(search.pieces[i].marks);
	}
	free(search.pieces);
	(void)pthread_mutex_destroy(&search.lock);
	return r;
}
