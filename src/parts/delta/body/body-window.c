/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "parts/delta/body/body-state.h"

enum { KEPT = 64 }; /* bytes that stay known when the others are handed on */

uint8_t *body_at(Body *body, uint32_t at)
{
	return body->window + (at - body->window_at);
}

void body_put(const Body *body, uint8_t *to, uint8_t byte)
{
	if (!body->writing)
		*to = byte;
}

int body_flush(Body *body, uint32_t keep, Error *error)
{
	uint32_t n = body->at - body->window_at;

	if (body->writing || n <= keep)
		return 0;
	if (body->reading->sink(body->reading->userdata, (Bytes){body->window, n - keep}, error) < 0)
		return -1;
	memmove(body->window, body->window + n - keep, keep);
	body->window_at += n - keep;
	return 0;
}

int body_room(Body *body, uint32_t n, Error *error)
{
	return body->at - body->window_at + n > BODY_WINDOW ? body_flush(body, KEPT, error) : 0;
}

int body_copy(Body *body, const uint8_t *from, uint32_t n, Error *error)
{
	while (n > 0) {
		uint32_t part = n < BODY_WINDOW / 2 ? n : BODY_WINDOW / 2;

		if (body_room(body, part, error) < 0)
			return -1;
		if (!body->writing)
			memcpy(body_at(body, body->at), from, part);
		body->at += part;
		from += part;
		n -= part;
	}
	return 0;
}
