/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/body-state.h"

enum { MERGE = 8 }; /* corrections with fewer right bytes between them become one */

uint32_t body_first_difference(
	Body *body, const Stretch *stretch, const References *references, uint32_t offset, uint32_t end)
{
	uint32_t base = stretch->old ? stretch->from - stretch->old->at : 0;
	const uint8_t *result = body_at(body, body->at) - offset;
	size_t next = references->next;

	while (offset < end) {
		const Reference *reference = NULL;
		uint32_t until = end;

		while (next < references->n && references->items[next].at - base < offset)
			next++;
		if (next < references->n) {
			reference = &references->items[next];
			until = reference->at - base < end ? reference->at - base : end;
		}
		for (; offset < until; offset++)
			if (stretch->bytes[offset] != result[offset])
				return offset;
		if (offset == end || !reference)
			break;
		if (!reference_same_but_field(reference, stretch->bytes + offset, result + offset))
			return offset;
		offset += reference->size;
	}
	return end;
}

uint32_t body_correction_length(
	Body *body, const Stretch *stretch, const References *references, uint32_t offset, uint32_t end)
{
	uint32_t base = stretch->old ? stretch->from - stretch->old->at : 0;
	const uint8_t *result = body_at(body, body->at) - offset;
	uint32_t at = offset, right = 0, last = offset + 1;
	size_t next = references->next;

	while (at < end && right < MERGE) {
		while (next < references->n && references->items[next].at - base < at)
			next++;
		if (next < references->n && references->items[next].at - base == at) {
			const Reference *reference = &references->items[next];

			if (reference->size > end - at)
				break;
			at += reference->size;
			right += 3;
			if (!reference_same_but_field(reference, stretch->bytes + at - reference->size,
				    result + at - reference->size)) {
				right = 0;
				last = at;
			}
			continue;
		}
		if (stretch->bytes[at] != result[at]) {
			right = 0;
			last = at + 1;
		} else {
			right++;
		}
		at++;
	}
	return last - offset;
}
