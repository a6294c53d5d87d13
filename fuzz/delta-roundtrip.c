/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any two byte strings as old and new: the delta between them applies, and gives the new one bit for bit.
 * Input: two bytes that say how long the old one is, two that cut the new one into extents, then both.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "parts/delta/decode/apply.h"
#include "parts/delta/encode/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int gather(void *userdata, Bytes next, Error *error)
{
	return buffer_append(userdata, next.data, next.size, error);
}

/* Two old files from one: sources that are used, unused, empty and alike. */
static void round_trip(Bytes old, Bytes result, size_t cut)
{
	size_t half = old.size / 2;
	const DiffSource sources[] = {
		{"b", {old.data, half}},
		{"a", {old.data + half, old.size - half}},
	};
	const DiffExtent extents[] = {
		{0, cut / 2, 1},
		{cut / 2, cut - cut / 2, 0},
		{cut, (result.size - cut) / 2, SIZE_MAX},
	};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Bytes bytes[2];

	const DiffJob job = {
		.workers = 1,
		.sources = sources,
		.n_sources = 2,
		.result = result,
		.extents = extents,
		.n_extents = 3,
	};

	if (delta_diff(&job, &delta, NULL) < 0 ||
		delta_header_parse(buffer_bytes(&delta), &header, NULL) < 0 || header.n_sources > 2)
		abort();
	for (uint32_t i = 0; i < header.n_sources; i++)
		bytes[i] = header.sources[i].name[0] == 'a' ? sources[1].bytes : sources[0].bytes;
	if (delta_apply(buffer_bytes(&delta), &header, bytes, gather, &out, NULL) != 0 ||
		!bytes_equal(buffer_bytes(&out), result))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes rest;
	size_t old_size, cut;

	if (size < 4)
		return 0;
	rest = (Bytes){data + 4, size - 4};
	old_size = load_u16(data) % (rest.size + 1);
	cut = load_u16(data + 2) % (rest.size - old_size + 1);
	round_trip((Bytes){rest.data, old_size}, (Bytes){rest.data + old_size, rest.size - old_size}, cut);
	return 0;
}
