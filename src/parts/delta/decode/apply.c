/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/decode/apply.h"

#include <string.h>

#include "parts/delta/decode/unpack.h"
#include "parts/delta/format/segment.h"

enum { DELIVERY_SIZE = 1024 * 1024 };

/* A delta being applied. */
typedef struct Apply {
	const DeltaHeader *header;
	const Bytes *sources;
	DeltaSink sink;
	void *userdata;
	Hash *hash;
	Unpack *unpack; /* NULL until the first compressed segment */
	uint64_t done;  /* bytes delivered */
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

static int deliver_zeros(Apply *apply, uint64_t length, Error *error)
{
	static const uint8_t zeros[64 * 1024];

	while (length > 0) {
		size_t n = length < sizeof(zeros) ? (size_t)length : sizeof(zeros);

		if (deliver(apply, (Bytes){zeros, n}, error) < 0)
			return -1;
		length -= n;
	}
	return 0;
}

static Bytes window_of(const Apply *apply, const Segment *segment)
{
	return (Bytes){apply->sources[segment->source].data + segment->offset, (size_t)segment->window};
}

static int deliver_packed(Apply *apply, const Segment *segment, Bytes prefix, Error *error)
{
	Bytes bytes;

	if (!apply->unpack && unpack_new(&apply->unpack, error) < 0)
		return -1;
	if (unpack_segment(apply->unpack, segment->payload, prefix, (size_t)segment->length, &bytes, error) <
		0)
		return -1;
	return deliver(apply, bytes, error);
}

static int apply_segment(Apply *apply, const Segment *segment, Error *error)
{
	switch (segment->kind) {
	case SEGMENT_STORED:
		return deliver(apply, segment->payload, error);
	case SEGMENT_ZEROS:
		return deliver_zeros(apply, segment->length, error);
	case SEGMENT_COPY:
		return deliver(apply, window_of(apply, segment), error);
	case SEGMENT_PACKED:
		return deliver_packed(apply, segment, (Bytes){NULL, 0}, error);
	case SEGMENT_PREFIXED:
		return deliver_packed(apply, segment, window_of(apply, segment), error);
	}
	return error_set(error, "the delta has a segment of an unknown kind");
}

static int apply_body(Apply *apply, Bytes body, Error *error)
{
	Reader reader = {body, 0};

	while (apply->done < apply->header->result_size) {
		uint64_t left = apply->header->result_size - apply->done;
		Segment segment;

		if (segment_read(&reader, apply->header, left, &segment, error) < 0 ||
			apply_segment(apply, &segment, error) < 0)
			return -1;
	}
	if (reader_left(&reader) > 0)
		return error_set(
			error, "the delta has %zu bytes behind its last segment", reader_left(&reader));
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
	Apply apply = {.header = header, .sources = sources, .sink = sink, .userdata = userdata};
	int result;

	if (header->size > delta.size || header->body_size != delta.size - header->size)
		return error_set(error, "the delta does not belong to its header");
	if (check_sources(header, sources, error) < 0 || hash_new(&hash, error) < 0)
		return -1;
	apply.hash = hash;
	result = apply_body(&apply, (Bytes){delta.data + header->size, (size_t)header->body_size}, error);
	(void)unpack_free(apply.unpack);
	return result < 0 ? -1 : check_result(&apply, error);
}
