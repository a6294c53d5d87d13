/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "parts/delta/body/body-state.h"

typedef struct Prediction {
	uint64_t target, origin, place;
	AddressSource source;
	bool near; /* target and place move together */
	uint8_t bytes[8];
} Prediction;

/* The address of the field in the new file. */
static uint64_t place_of(const Body *body, const Stretch *stretch, const Reference *reference, uint32_t at)
{
	const SteadyRange *steady = &body->scan.steady;
	uint32_t into = reference->at - steady->at;

	return into < steady->size ? steady->address + into + steady->shift
				   : addresses_of_new(stretch->new, at);
}

static void predict(
	Body *body, const Stretch *stretch, const Reference *reference, uint32_t at, Prediction *ret)
{
	const uint8_t *field = stretch->old->elf.bytes.data + reference->at;
	AddressSource ignored;

	ret->place = place_of(body, stretch, reference, at);
	ret->origin = reference->origin;
	if (reference->from == ORIGIN_ADDRESS || reference->from == ORIGIN_SPAN)
		ret->origin = addresses_map(body->addresses, reference->origin, &ignored);
	if (reference->from == ORIGIN_SPAN)
		ret->target = addresses_map(body->addresses, reference->target - 1, &ret->source) + 1;
	else
		ret->target = addresses_map(body->addresses, reference->target, &ret->source);
	if (reference->from == ORIGIN_OFFSET) {
		uint32_t offset = 0;

		ret->target = segments_offset(
				      stretch->new->segments, stretch->new->n_segments, ret->target, &offset)
				      ? offset
				      : 0;
	}
	ret->near = ret->target - ret->place < 4096 || ret->place - ret->target < 4096;
	if (!reference_write(reference, field, ret->place, ret->origin, ret->target, ret->bytes))
		memcpy(ret->bytes, field, reference->size);
}

static int64_t sign_extended(uint64_t value, unsigned width)
{
	return (int64_t)(value << (64 - width)) >> (64 - width);
}

static bool is_learnt_from(const Reference *reference)
{
	return reference->from == ORIGIN_PLACE || reference->from == ORIGIN_NOTHING ||
	       (reference->from == ORIGIN_ADDRESS && reference->kind != REFERENCE_RELOCATION_SYMBOL);
}

/* How far the field is from what was expected. */
static void code_miss(Body *body, const Reference *reference, const Prediction *guess, uint8_t *field)
{
	unsigned width = reference_width(reference, guess->bytes);
	uint64_t expected = reference_value(reference, guess->bytes), value = 0, actual;
	AdaptiveNumber *number = &body->moved[reference->kind];

	if (body->writing)
		value = reference_value(reference, field);
	value = expected +
		(uint64_t)adaptive_signed_code(number, body->coder, sign_extended(value - expected, width));
	if (!body->writing)
		reference_put_value(reference, guess->bytes, value, field);
	if (is_learnt_from(reference) &&
		reference_target(reference, field, guess->place, guess->origin, &actual))
		addresses_learn(body->addresses, reference->target, actual);
}

/* A number is either what it was, or has moved as far as the ones before: source lines that come behind an
 * inserted one all do. */
static bool code_number(Body *body, const Reference *reference, const uint8_t *old_field, uint8_t *field)
{
	Drift *drift = &body->drift;
	uint32_t old = (uint32_t)reference_value(reference, old_field), number = old;
	uint32_t actual = body->writing ? (uint32_t)reference_value(reference, field) : 0;
	uint32_t distance = old - drift->last + 128;
	Adaptive(*models)[2];

	models = body->number[reference->unit & 31][distance < 512 ? distance < 256 ? 0 : 1 : 2]
			     [drift->outcomes & 3];
	body->coder->purpose = CODER_REFERENCE(REFERENCE_NUMBER);
	drift->outcomes = (uint8_t)(drift->outcomes << 1);
	if (adaptive_code(&models[drift->by != 0][0], body->coder, actual != ((old + drift->by) & 0xffff))) {
		if (drift->by == 0 || adaptive_code(&models[drift->by != 0][1], body->coder, actual != old)) {
			drift->by = (uint32_t)adaptive_signed_code(
					    &body->drifts, body->coder, (int16_t)(actual - old - drift->by)) +
				    drift->by;
			drift->outcomes |= 1;
			drift->last = old;
			number = (old + drift->by) & 0xffff;
		}
	} else {
		number = (old + drift->by) & 0xffff;
		if (drift->by != 0)
			drift->last = old;
	}
	if (!body->writing)
		reference_put_value(reference, old_field, number, field);
	return number == old;
}

/* Does the result have what is expected? */
static bool is_as_expected(Body *body, const Stretch *stretch, const Reference *reference, uint32_t at)
{
	Prediction guess;

	if (reference->from == ORIGIN_NUMBER)
		return body->drift.by != 0 ||
		       reference_value(reference, stretch->old->elf.bytes.data + reference->at) ==
			       reference_value(reference, body_at(body, at));
	predict(body, stretch, reference, at, &guess);
	return memcmp(body_at(body, at), guess.bytes, reference->size) == 0;
}

/* The reference whose field is at a place of the result; it may be known not to be as expected. Returns
 * whether it is. */
static bool code_reference(
	Body *body, const Stretch *stretch, const Reference *reference, bool is_miss, uint32_t at)
{
	uint8_t *hits = &body->hits[reference->kind], *field = body_at(body, at);
	Prediction guess;
	Adaptive *model;
	unsigned hit = 0;

	if (reference->from == ORIGIN_NUMBER)
		return code_number(body, reference, stretch->old->elf.bytes.data + reference->at, field);
	predict(body, stretch, reference, at, &guess);
	model = &body->hit[reference->kind][guess.source][guess.near][*hits & 3];
	body->coder->purpose = CODER_REFERENCE(reference->kind);
	if (!is_miss)
		hit = adaptive_code(model, body->coder,
			body->writing && memcmp(field, guess.bytes, reference->size) == 0);
	*hits = (uint8_t)(*hits << 1 | hit);
	if (!hit)
		code_miss(body, reference, &guess, field);
	else if (!body->writing)
		memcpy(field, guess.bytes, reference->size);
	return hit;
}

static inline void store(uint8_t *to, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* References of which nothing is said, because all are as expected: numbers stay, as long as none has moved.
 */
static void follow_reference(
	Body *body, const Stretch *stretch, const Reference *reference, uint32_t at, uint8_t *field)
{
	AddressSource source;
	Prediction guess;

	/* What most are, written at once; the old bytes are there already. */
	if (reference->form == REFERENCE_PLAIN && reference->from == ORIGIN_PLACE && reference->size == 4) {
		uint64_t target = addresses_map(body->addresses, reference->target, &source);
		uint64_t value = target - (place_of(body, stretch, reference, at) + reference->skip);

		if ((uint64_t)(int64_t)(int32_t)value == value)
			store(field, value, 4);
	} else if (reference->from == ORIGIN_NOTHING && reference->size == 8) {
		store(field, addresses_map(body->addresses, reference->target, &source), 8);
	} else {
		predict(body, stretch, reference, at, &guess);
		memcpy(field, guess.bytes, reference->size);
	}
}

/* References that are whole within a copied stretch. */
typedef struct Copied {
	const Reference *items;
	size_t n;
	bool right, still; /* as expected; numbers, too */
	bool missed;       /* one was not */
} Copied;

static void copy_reference(Body *body, const Stretch *stretch, Copied *copied, const Reference *reference,
	uint32_t at, uint8_t *field)
{
	bool is_number = reference->from == ORIGIN_NUMBER;

	if (!copied->right || (is_number && !copied->still)) {
		/* If all others were right it is the last one that is not. */
		bool is_miss = copied->n == 1 && !copied->right && !copied->missed && !is_number;
		bool is_hit = code_reference(body, stretch, reference, is_miss, at);

		copied->missed |= !is_hit && (!is_number || copied->still);
	} else if (!is_number && !body->writing) {
		follow_reference(body, stretch, reference, at, field);
	}
}

/* Copies a piece of the stretch and the references that are whole within it, which it takes. Returns how many
 * bytes that are: it ends before a reference that is not. */
static uint32_t copy_piece(Body *body, const Stretch *stretch, Copied *copied, uint32_t offset, uint32_t n)
{
	uint32_t from = offset + (stretch->old ? stretch->from - stretch->old->at : 0);
	uint8_t *to = body_at(body, body->at);

	if (!body->writing)
		memcpy(to, stretch->bytes + offset, n);
	for (; copied->n > 0 && copied->items->at - from < n; copied->items++, copied->n--) {
		const Reference *reference = copied->items;
		uint32_t into = reference->at - from;

		if (into + reference->size > n)
			return into;
		copy_reference(body, stretch, copied, reference, body->at + into, to + into);
	}
	return n;
}

static Copied find_copied(const References *references, uint32_t from, uint32_t to)
{
	const Reference *items = references->items;
	size_t first = references->next, behind;

	while (first < references->n && items[first].at < from)
		first++;
	behind = first;
	if (references->n > first && items[references->n - 1].at + items[references->n - 1].size <= to)
		behind = references->n;
	while (behind < references->n && items[behind].at + items[behind].size <= to)
		behind++;
	return (Copied){.items = items + first, .n = behind - first};
}

/* One bit says it of all of them, as it mostly is. */
static void code_right(Body *body, const Stretch *stretch, Copied *copied, uint32_t from)
{
	bool right = true;

	copied->still = body->drift.by == 0;
	for (size_t i = 0; body->writing && right && i < copied->n; i++)
		right = is_as_expected(
			body, stretch, &copied->items[i], body->at + (copied->items[i].at - from));
	body->coder->purpose = CODER_RUNS;
	copied->right = adaptive_code(&body->right[body->was_right & 3], body->coder, right);
	body->was_right = (uint8_t)(body->was_right << 1 | copied->right);
}

/* Where the last instruction ends that has a reference: corrections begin there to look for instructions. */
static void keep_boundary(Stretch *stretch, const Copied *copied)
{
	size_t i = copied->n;

	while (i > 0 && copied->items[i - 1].from != ORIGIN_PLACE)
		i--;
	if (i > 0 && stretch->region == REGION_X86_64)
		stretch->boundary = copied->items[i - 1].at + copied->items[i - 1].skip -
				    (stretch->from - stretch->old->at);
}

int body_copy_clean(Body *body, Stretch *stretch, const References *references, uint32_t offset, uint32_t end,
	Error *error)
{
	enum { PIECE = BODY_WINDOW / 4 };
	uint32_t base = stretch->old ? stretch->from - stretch->old->at : 0;
	Copied copied = find_copied(references, base + offset, base + end), all = copied;

	if (copied.n == 0)
		return body_copy(body, stretch->bytes + offset, end - offset, error);
	code_right(body, stretch, &copied, base + offset);
	while (offset < end) {
		uint32_t n = end - offset < PIECE ? end - offset : PIECE;

		if (body_room(body, n, error) < 0)
			return -1;
		n = copy_piece(body, stretch, &copied, offset, n);
		body->at += n;
		offset += n;
	}
	keep_boundary(stretch, &all);
	return 0;
}
