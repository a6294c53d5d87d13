/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/format/format.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"

enum {
	CONTAINER_VERSION = 1,
	FIXED_SIZE = 68,      /* bytes before the first source */
	SOURCE_SIZE_MIN = 43, /* bytes of a source with a name of one byte */
};

static const uint8_t magic[8] = {'S', 'U', 'T', 'D', 'E', 'L', 'T', 'A'};

static int check_name(const char *name, uint32_t n_sources, Error *error)
{
	if (strcmp(name, ".") == 0 && n_sources == 1)
		return 0;
	if (strlen(name) > DELTA_NAME_MAX)
		return error_set(error, "the name of an old file has more than %d bytes", DELTA_NAME_MAX);
	return path_check(name, error);
}

static int check_source(const DeltaHeader *header, uint32_t i, Error *error)
{
	const DeltaSource *source = &header->sources[i];

	if (check_name(source->name, header->n_sources, error) < 0)
		return -1;
	if (i > 0 && strcmp(header->sources[i - 1].name, source->name) >= 0)
		return error_set(
			error, "the old files are not sorted, or \"%s\" is there twice", source->name);
	if (source->size > DELTA_SOURCE_MAX)
		return error_set(error, "the old file \"%s\" has %llu bytes, more than the %llu allowed",
			source->name, (unsigned long long)source->size, (unsigned long long)DELTA_SOURCE_MAX);
	return 0;
}

static int check_fixed(const DeltaHeader *header, Error *error)
{
	if (header->kind != DELTA_KIND_FILE && header->kind != DELTA_KIND_TREE)
		return error_set(
			error, "the delta makes something of the unknown kind %u", (unsigned)header->kind);
	if (header->method != DELTA_METHOD_BODY)
		return error_set(error,
			"the delta is written with method %u, which this version does not know",
			(unsigned)header->method);
	if (header->result_size > DELTA_RESULT_MAX)
		return error_set(error, "the delta's result has %llu bytes, more than the %llu allowed",
			(unsigned long long)header->result_size, (unsigned long long)DELTA_RESULT_MAX);
	if (header->n_sources > DELTA_SOURCES_MAX)
		return error_set(error, "the delta is made from %u old files, more than the %d allowed",
			(unsigned)header->n_sources, DELTA_SOURCES_MAX);
	return 0;
}

/* Gives the sentence of a reader its subject. */
static int cut_short(Error *error)
{
	return error_in(error, "the delta");
}

static int read_digest(Reader *reader, Digest *ret, Error *error)
{
	Bytes raw;

	if (reader_take(reader, DIGEST_SIZE, &raw, error) < 0)
		return -1;
	memcpy(ret->bytes, raw.data, DIGEST_SIZE);
	return 0;
}

static int read_source(Reader *reader, DeltaSource *ret, Error *error)
{
	uint16_t length;
	Bytes name;

	if (reader_u16(reader, &length, error) < 0 || reader_take(reader, length, &name, error) < 0)
		return cut_short(error);
	if (length == 0 || length > DELTA_NAME_MAX || memchr(name.data, '\0', name.size))
		return error_set(error, "the name of an old file is empty, too long or not text");
	ret->name = strndup((const char *)name.data, name.size);
	if (!ret->name)
		return error_memory(error);
	if (reader_u64(reader, &ret->size, error) < 0 || read_digest(reader, &ret->digest, error) < 0)
		return cut_short(error);
	return 0;
}

static int read_magic(Reader *reader, Error *error)
{
	Bytes start;
	uint16_t version;

	if (reader_left(reader) < sizeof(magic) || memcmp(reader->bytes.data, magic, sizeof(magic)) != 0)
		return error_set(error, "this is not a delta");
	if (reader_take(reader, sizeof(magic), &start, error) < 0 || reader_u16(reader, &version, error) < 0)
		return cut_short(error);
	if (version != CONTAINER_VERSION)
		return error_set(error, "the delta is of version %u, which this version does not know",
			(unsigned)version);
	return 0;
}

static int read_fixed(Reader *reader, DeltaHeader *header, Error *error)
{
	uint8_t kind, method;
	uint32_t size;

	if (read_magic(reader, error) < 0)
		return -1;
	if (reader_u8(reader, &kind, error) < 0 || reader_u8(reader, &method, error) < 0 ||
		reader_u32(reader, &size, error) < 0 || reader_u64(reader, &header->result_size, error) < 0 ||
		read_digest(reader, &header->result_digest, error) < 0 ||
		reader_u64(reader, &header->body_size, error) < 0 ||
		reader_u32(reader, &header->n_sources, error) < 0)
		return cut_short(error);
	header->kind = kind;
	header->method = method;
	header->size = size;
	if (check_fixed(header, error) < 0)
		return -1;
	if (size < FIXED_SIZE || size > DELTA_HEADER_MAX || size > reader->bytes.size)
		return error_set(error, "the delta's header claims %u bytes, and there are %zu",
			(unsigned)size, reader->bytes.size);
	if (header->body_size != reader->bytes.size - size)
		return error_set(error, "the delta has %llu bytes behind its header, and should have %llu",
			(unsigned long long)(reader->bytes.size - size),
			(unsigned long long)header->body_size);
	reader->bytes.size = size;
	return 0;
}

static int read_sources(Reader *reader, DeltaHeader *header, Error *error)
{
	uint32_t n = header->n_sources;

	/* Asked before allocating: each source takes its place in the header, too. */
	if (n > reader_left(reader) / SOURCE_SIZE_MIN)
		return error_set(error, "the delta has no room for its %u old files", (unsigned)n);
	header->sources = calloc(n ? n : 1, sizeof(*header->sources));
	if (!header->sources)
		return error_memory(error);
	for (uint32_t i = 0; i < n; i++)
		if (read_source(reader, &header->sources[i], error) < 0 || check_source(header, i, error) < 0)
			return -1;
	if (reader_left(reader) > 0)
		return error_set(error, "the delta has %zu unknown bytes in its header", reader_left(reader));
	return 0;
}

int delta_header_parse(Bytes delta, DeltaHeader *ret, Error *error)
{
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Reader reader = {delta, 0};

	if (read_fixed(&reader, &header, error) < 0 || read_sources(&reader, &header, error) < 0)
		return -1;
	*ret = header;
	header = (DeltaHeader){.sources = NULL};
	return 0;
}

/* How large the header will be; DELTA_HEADER_MAX + 1 when it is too large. */
static size_t written_size(const DeltaHeader *header)
{
	size_t size = FIXED_SIZE;

	for (uint32_t i = 0; i < header->n_sources && size <= DELTA_HEADER_MAX; i++)
		size += SOURCE_SIZE_MIN - 1 + strlen(header->sources[i].name);
	return size <= DELTA_HEADER_MAX ? size : DELTA_HEADER_MAX + 1;
}

static int write_source(const DeltaSource *source, Buffer *ret, Error *error)
{
	size_t length = strlen(source->name);
	const uint8_t raw[2] = {(uint8_t)length, (uint8_t)(length >> 8)};

	if (buffer_append(ret, raw, sizeof(raw), error) < 0 ||
		buffer_append(ret, source->name, length, error) < 0 ||
		buffer_append_u64(ret, source->size, error) < 0)
		return -1;
	return buffer_append(ret, source->digest.bytes, DIGEST_SIZE, error);
}

static int write_fixed(const DeltaHeader *header, size_t size, Buffer *ret, Error *error)
{
	const uint8_t raw[4] = {CONTAINER_VERSION, 0, (uint8_t)header->kind, (uint8_t)header->method};

	if (buffer_append(ret, magic, sizeof(magic), error) < 0 ||
		buffer_append(ret, raw, sizeof(raw), error) < 0 ||
		buffer_append_u32(ret, (uint32_t)size, error) < 0 ||
		buffer_append_u64(ret, header->result_size, error) < 0 ||
		buffer_append(ret, header->result_digest.bytes, DIGEST_SIZE, error) < 0 ||
		buffer_append_u64(ret, header->body_size, error) < 0)
		return -1;
	return buffer_append_u32(ret, header->n_sources, error);
}

int delta_header_write(const DeltaHeader *header, Buffer *ret, Error *error)
{
	size_t size;

	if (check_fixed(header, error) < 0)
		return -1;
	for (uint32_t i = 0; i < header->n_sources; i++)
		if (check_source(header, i, error) < 0)
			return -1;
	size = written_size(header);
	if (size > DELTA_HEADER_MAX)
		return error_set(error, "the names of the old files take more than the %d bytes allowed",
			DELTA_HEADER_MAX);
	if (write_fixed(header, size, ret, error) < 0)
		return -1;
	for (uint32_t i = 0; i < header->n_sources; i++)
		if (write_source(&header->sources[i], ret, error) < 0)
			return -1;
	return 0;
}

void delta_header_clear(DeltaHeader *header)
{
	for (uint32_t i = 0; header->sources && i < header->n_sources; i++)
		free(header->sources[i].name);
	free(header->sources);
	*header = (DeltaHeader){.sources = NULL};
}

int delta_body_parse(Bytes body, Bytes *ret_coded, Bytes *ret_packed, Error *error)
{
	Reader reader = {body, 0};
	uint32_t packed;

	if (reader_u32(&reader, &packed, error) < 0 || packed > reader_left(&reader))
		return error_set(error, "the delta's body ends early");
	*ret_coded = (Bytes){body.data + reader.at, reader_left(&reader) - packed};
	*ret_packed = (Bytes){body.data + body.size - packed, packed};
	return 0;
}

int delta_body_write(Bytes coded, Bytes packed, Buffer *ret, Error *error)
{
	if (packed.size > UINT32_MAX)
		return error_set(error, "the delta would have more than %u packed bytes", UINT32_MAX);
	if (buffer_append_u32(ret, (uint32_t)packed.size, error) < 0 ||
		buffer_append(ret, coded.data, coded.size, error) < 0)
		return -1;
	return buffer_append(ret, packed.data, packed.size, error);
}
