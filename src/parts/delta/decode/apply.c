/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/decode/apply.h"

#include <string.h>

#include "parts/delta/body/body.h"
#include "parts/delta/body/layout.h"
#include "parts/delta/decode/unpack.h"

enum { DELIVERY_SIZE = 1024 * 1024 };

/* A delta being applied. */
typedef struct Apply {
	const DeltaHeader *header;
	const Bytes *sources;
	DeltaSink sink;
	void *userdata;
	Hash *hash;
	uint64_t done; /* bytes delivered */
} Apply;

int delta_check_source(const DeltaSource *source, Bytes bytes, Error *error)
{
	Digest digest = {{0}};

	if (source->size == bytes.size) {
		if (hash_bytes(bytes, &digest, error) < 0)
			return -1;
		if (digest_equal(&digest, &source->digest))
			return 0;
	}
	(void)error_set(error, "\"%s\" is not the file this delta was made for", source->name);
	return DELTA_OTHER_FILE;
}

static int check_sources(const DeltaHeader *header, const Bytes *sources, Error *error)
{
	for (uint32_t i = 0; i < header->n_sources; i++)
		if (delta_check_source(&header->sources[i], sources[i], error) != 0)
			return -1;
	return 0;
}

static int deliver(Apply *apply, Bytes bytes, Error *error)
{
	while (bytes.size > 0) {
		Bytes next = {bytes.data, bytes.size < DELIVERY_SIZE ? bytes.size : DELIVERY_SIZE};

		if (hash_update(apply->hash, next, error) < 0 ||
			apply->sink(apply->userdata, next, error) < 0)
			return -1;
		apply->done += next.size;
		bytes.data += next.size;
		bytes.size -= next.size;
	}
	return 0;
}

static int take(void *userdata, Bytes next, Error *error)
{
	Apply *apply = userdata;

	if (next.size > apply->header->result_size - apply->done)
		return error_set(error, "it makes more bytes than it promises");
	return deliver(apply, next, error);
}

static int unpack(void *unpacker, uint64_t packed_size, size_t size, Bytes *ret, Error *error)
{
	return unpack_next(unpacker, packed_size, size, ret, error);
}

static int apply_body(Apply *apply, Layout *layout, Bytes bytes, Error *error)
{
	CLEANUP(unpack_free) Unpack *unpacker = NULL;
	Coder coder;
	BodyReading reading = {.sink = take, .userdata = apply, .unpack = unpack};
	Bytes coded, packed;

	if (delta_body_parse(bytes, &coded, &packed, error) < 0 || unpack_new(packed, &unpacker, error) < 0)
		return -1;
	reading.unpacker = unpacker;
	coder_read_from(&coder, coded);
	if (layout_begin(layout, apply->sources, apply->header->n_sources, apply->header->result_size,
		    error) < 0 ||
		layout_code(layout, &coder, false, error) < 0 ||
		body_read(layout, &coder, &reading, error) < 0)
		return -1;
	if (!coder_is_at_end(&coder) || !unpack_is_done(unpacker))
		return error_set(error, "it has bytes behind its end, or ends before");
	return 0;
}

static int check_result(const Apply *apply, Error *error)
{
	Digest digest;

	if (hash_finish(apply->hash, &digest, error) < 0)
		return -1;
	if (!digest_equal(&digest, &apply->header->result_digest))
		return error_set(error, "what the delta makes does not have the digest it promises");
	return 0;
}

int delta_apply(Bytes delta, const DeltaHeader *header, const Bytes *sources, DeltaSink sink, void *userdata,
	Error *error)
{
	CLEANUP(hash_free) Hash *hash = NULL;
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Apply apply = {.header = header, .sources = sources, .sink = sink, .userdata = userdata};

	if (header->size > delta.size || header->body_size != delta.size - header->size)
		return error_set(error, "the delta does not belong to its header");
	if (check_sources(header, sources, error) < 0 || hash_new(&hash, error) < 0)
		return -1;
	apply.hash = hash;
	if (apply_body(&apply, &layout, (Bytes){delta.data + header->size, (size_t)header->body_size},
		    error) < 0)
		return error_in(error, "the delta is damaged");
	return check_result(&apply, error);
}
