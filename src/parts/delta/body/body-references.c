/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "parts/delta/body/body-state.h"

typedef struct Prediction {
	uint64_t target, origin, place;
	AddressSource source;
	bool near; /* target and place move together */
	uint8_t bytes[8];
} Prediction;

static void predict(
	Body *body, const Stretch *stretch, const Reference *reference, uint32_t at, Prediction *ret)
{
	const uint8_t *field = stretch->old->elf.bytes.data + reference->at;
	AddressSource ignored;

	ret->place = addresses_of_new(stretch->new, at);
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
static void code_number(Body *body, const Reference *reference, const uint8_t *old_field, uint8_t *field)
{
	Drift *drift = &body->drift;
	uint32_t old = (uint32_t)reference_value(reference, old_field), number = old;
	uint32_t actual = body->writing ? (uint32_t)reference_value(reference, field) : 0;
	uint32_t distance = old - drift->last + 128;
	Adaptive(*models)[2];

	models = body->number[reference->unit & 31][distance < 512 ? distance < 256 ? 0 : 1 : 2]
			     [drift->outcomes & 3];
	body->coder->purpose = CODER_REFERENCES + REFERENCE_NUMBER;
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
}

int body_code_reference(Body *body, Stretch *stretch, const Reference *reference, Error *error)
{
	uint8_t *hits = &body->hits[reference->kind];
	Prediction guess;
	Adaptive *model;
	uint8_t *field;
	unsigned hit;

	if (body_room(body, 8, error) < 0)
		return -1;
	field = body_at(body, body->at);
	if (reference->from == ORIGIN_NUMBER) {
		code_number(body, reference, stretch->old->elf.bytes.data + reference->at, field);
		body->at += reference->size;
		return 0;
	}
	predict(body, stretch, reference, body->at, &guess);
	model = &body->hit[reference->kind][guess.source][guess.near][*hits & 3];
	body->coder->purpose = CODER_REFERENCES + reference->kind;
	hit = adaptive_code(
		model, body->coder, body->writing && memcmp(field, guess.bytes, reference->size) == 0);
	*hits = (uint8_t)(*hits << 1 | hit);
	if (!hit)
		code_miss(body, reference, &guess, field);
	else if (!body->writing)
		memcpy(field, guess.bytes, reference->size);
	body->at += reference->size;
	if (reference->from == ORIGIN_PLACE && stretch->region == REGION_X86_64)
		stretch->boundary = reference->at + reference->skip - (stretch->from - stretch->old->at);
	return 0;
}
