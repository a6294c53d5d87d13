/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/format/segment.h"

static bool has_source(SegmentKind kind)
{
	return kind == SEGMENT_COPY || kind == SEGMENT_PREFIXED;
}

static bool is_packed(SegmentKind kind)
{
	return kind == SEGMENT_PACKED || kind == SEGMENT_PREFIXED;
}

/* Little-endian groups of seven bits, the last without the high bit; a number has one form only. */
static int read_number(Reader *reader, uint64_t *ret, Error *error)
{
	uint64_t value = 0;
	uint8_t byte;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (reader_u8(reader, &byte, error) < 0)
			return -1;
		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return 0;
		}
	}
	return error_set(error, "byte %zu of the body does not end a number", reader->at - 1);
}

static int write_number(Buffer *ret, uint64_t value, Error *error)
{
	uint8_t raw[10];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		raw[n++] = (uint8_t)(value | 0x80);
	raw[n++] = (uint8_t)value;
	return buffer_append(ret, raw, n, error);
}

static int read_source(Reader *reader, const DeltaHeader *header, Segment *segment, Error *error)
{
	uint64_t source;

	if (read_number(reader, &source, error) < 0 || read_number(reader, &segment->offset, error) < 0)
		return -1;
	segment->window = segment->length;
	if (segment->kind == SEGMENT_PREFIXED && read_number(reader, &segment->window, error) < 0)
		return -1;
	if (source >= header->n_sources)
		return error_set(error, "it reads old file %llu of %u", (unsigned long long)source,
			(unsigned)header->n_sources);
	segment->source = (uint32_t)source;
	if (segment->window == 0)
		return error_set(error, "it has an empty prefix");
	if (!range_within(segment->offset, segment->window, header->sources[source].size))
		return error_set(error, "it reads behind the end of the old file \"%s\"",
			header->sources[source].name);
	return 0;
}

static int read_payload(Reader *reader, Segment *segment, Error *error)
{
	uint64_t size = segment->length;

	if (is_packed(segment->kind) && read_number(reader, &size, error) < 0)
		return -1;
	if (size > reader_left(reader))
		return error_set(error, "it ends within a segment");
	return reader_take(reader, (size_t)size, &segment->payload, error);
}

static int read_segment(
	Reader *reader, const DeltaHeader *header, uint64_t result_left, Segment *ret, Error *error)
{
	Segment segment = {.kind = SEGMENT_STORED};
	uint8_t kind;

	if (reader_u8(reader, &kind, error) < 0 || read_number(reader, &segment.length, error) < 0)
		return -1;
	if (kind > SEGMENT_PREFIXED)
		return error_set(error, "it has a segment of the unknown kind %u", (unsigned)kind);
	segment.kind = kind;
	if (segment.length == 0 || segment.length > result_left)
		return error_set(error, "it has a segment of %llu bytes where %llu are left",
			(unsigned long long)segment.length, (unsigned long long)result_left);
	if (is_packed(segment.kind) && segment.length > SEGMENT_PACKED_MAX)
		return error_set(error, "it has a compressed segment of %llu bytes, more than the %d allowed",
			(unsigned long long)segment.length, SEGMENT_PACKED_MAX);
	if (has_source(segment.kind) && read_source(reader, header, &segment, error) < 0)
		return -1;
	if (segment.kind != SEGMENT_ZEROS && segment.kind != SEGMENT_COPY &&
		read_payload(reader, &segment, error) < 0)
		return -1;
	*ret = segment;
	return 0;
}

int segment_read(Reader *reader, const DeltaHeader *header, uint64_t result_left, Segment *ret, Error *error)
{
	if (read_segment(reader, header, result_left, ret, error) < 0)
		return error_in(error, "the delta is damaged");
	return 0;
}

int segment_write(const Segment *segment, Buffer *ret, Error *error)
{
	const uint8_t kind = (uint8_t)segment->kind;

	if (buffer_append(ret, &kind, 1, error) < 0 || write_number(ret, segment->length, error) < 0)
		return -1;
	if (has_source(segment->kind) && (write_number(ret, segment->source, error) < 0 ||
						 write_number(ret, segment->offset, error) < 0))
		return -1;
	if (segment->kind == SEGMENT_PREFIXED && write_number(ret, segment->window, error) < 0)
		return -1;
	if (is_packed(segment->kind) && write_number(ret, segment->payload.size, error) < 0)
		return -1;
	return buffer_append(ret, segment->payload.data, segment->payload.size, error);
}
