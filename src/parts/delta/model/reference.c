/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/reference.h"

#include <string.h>

#include "base/bytes.h"
#include "parts/delta/model/aarch64.h"

static bool has_sign(const Reference *reference)
{
	return reference->from == ORIGIN_PLACE || reference->from == ORIGIN_ADDRESS;
}

static uint64_t load(const uint8_t *field, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)field[i] << (8 * i);
	return value;
}

uint64_t reference_load(const Reference *reference, const uint8_t *field)
{
	unsigned unused = 64 - 8u * reference->size;
	uint64_t value = load(field, reference->size);

	return has_sign(reference) ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

static bool write_a64(const uint8_t *field, uint64_t place, uint64_t target, uint8_t *to)
{
	uint32_t word = load_u32(field);
	A64Form form = a64_form(word);
	bool done = form == A64_LOW12 ? a64_with_low12(word, target & 0xfff, &word)
				      : a64_with_target(form, word, place, target, &word);

	for (unsigned i = 0; done && i < 4; i++)
		to[i] = (uint8_t)(word >> (8 * i));
	return done;
}

/* The value that the field would have; false when the target is between two steps. */
static bool value_of(
	const Reference *reference, uint64_t place, uint64_t origin, uint64_t target, uint64_t *ret)
{
	int64_t distance = (int64_t)(target - origin);

	switch (reference->from) {
	case ORIGIN_PLACE:
		*ret = target - (place + reference->skip);
		return true;
	case ORIGIN_BEHIND:
		*ret = place - target;
		return true;
	case ORIGIN_ADDRESS:
	case ORIGIN_SPAN:
		*ret = (uint64_t)(distance / reference->unit);
		return distance % reference->unit == 0;
	default:
		*ret = target;
		return true;
	}
}

bool reference_write(const Reference *reference, const uint8_t *field, uint64_t place, uint64_t origin,
	uint64_t target, uint8_t *to)
{
	unsigned unused = 64 - 8u * reference->size;
	uint64_t value, cut;

	if (reference->form == REFERENCE_A64)
		return write_a64(field, place, target, to);
	if (!value_of(reference, place, origin, target, &value))
		return false;
	cut = value << unused;
	if ((has_sign(reference) ? (uint64_t)((int64_t)cut >> unused) : cut >> unused) != value)
		return false;
	for (unsigned i = 0; i < reference->size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
	return true;
}

bool reference_target(
	const Reference *reference, const uint8_t *field, uint64_t place, uint64_t origin, uint64_t *ret)
{
	uint64_t value;

	if (reference->form == REFERENCE_A64) {
		uint32_t word = load_u32(field);
		A64Form form = a64_form(word);

		if (form == A64_NONE || form == A64_LOW12)
			return false;
		*ret = a64_target(form, word, place);
		return true;
	}
	value = reference_load(reference, field);
	switch (reference->from) {
	case ORIGIN_PLACE:
		value += place + reference->skip;
		break;
	case ORIGIN_BEHIND:
		value = place - value;
		break;
	case ORIGIN_ADDRESS:
	case ORIGIN_SPAN:
		value = origin + value * reference->unit;
		break;
	default:
		break;
	}
	*ret = value;
	return true;
}

static A64Form form_of(const uint8_t *field)
{
	return a64_form(load_u32(field));
}

unsigned reference_width(const Reference *reference, const uint8_t *field)
{
	return reference->form == REFERENCE_A64 ? a64_field_width(form_of(field)) : 8u * reference->size;
}

uint64_t reference_value(const Reference *reference, const uint8_t *field)
{
	return reference->form == REFERENCE_A64 ? a64_field(form_of(field), load_u32(field))
						: load(field, reference->size);
}

void reference_put_value(const Reference *reference, const uint8_t *field, uint64_t value, uint8_t *to)
{
	if (reference->form == REFERENCE_A64)
		value = a64_with_field(form_of(field), load_u32(field), (uint32_t)value);
	for (unsigned i = 0; i < reference->size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

bool reference_same_but_field(const Reference *reference, const uint8_t *a, const uint8_t *b)
{
	uint32_t word;

	/* Other fields may be the last byte of a file. */
	if (reference->form != REFERENCE_A64)
		return reference->from != ORIGIN_NUMBER || load_u32(b) <= 0xffff;
	word = load_u32(a);
	return ((word ^ load_u32(b)) & ~a64_field_mask(a64_form(word))) == 0;
}
