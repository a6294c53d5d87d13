/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Bytes and their sizes: a borrowed view (Bytes), an owned growing Buffer with a bound, a reader that never
 * passes the end (Reader), hexadecimal, and arithmetic that says when it would wrap.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

/* A view of memory that somebody else owns. */
typedef struct Bytes {
	const uint8_t *data;
	size_t size;
} Bytes;

static inline Bytes bytes_of_text(const char *text)
{
	return (Bytes){(const uint8_t *)text, strlen(text)};
}

bool bytes_equal(Bytes a, Bytes b);

/* Owned memory. Starts as BUFFER_INIT; whatever fills it keeps one zero byte behind the end, so that the
 * content of a text file is a C string as well. */
typedef struct Buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
} Buffer;

#define BUFFER_INIT \
	(Buffer) \
	{ \
		.data = NULL \
	}

void buffer_clear(Buffer *buffer);
static inline void buffer_clear_cleanup(Buffer *buffer)
{
	buffer_clear(buffer);
}
#define CLEANUP_BUFFER __attribute__((cleanup(buffer_clear_cleanup)))

static inline Bytes buffer_bytes(const Buffer *buffer)
{
	return (Bytes){buffer->data, buffer->size};
}

/* Cuts the buffer back to its first size bytes (at most what it has): how a failed reader gives back what it
 * had appended. */
void buffer_cut(Buffer *buffer, size_t size);

/* Makes room for `more` bytes behind the end without changing size. */
int buffer_reserve(Buffer *buffer, size_t more, Error *error);

int buffer_append(Buffer *buffer, const void *data, size_t size, Error *error);

int buffer_append_format(Buffer *buffer, Error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reads little-endian numbers and runs of bytes from hostile input. Each call fails, with the offset in the
 * sentence, when not enough is left. */
typedef struct Reader {
	Bytes bytes;
	size_t at;
} Reader;

static inline size_t reader_left(const Reader *reader)
{
	return reader->bytes.size - reader->at;
}

int reader_take(Reader *reader, size_t size, Bytes *ret, Error *error);
int reader_u8(Reader *reader, uint8_t *ret, Error *error);
int reader_u16(Reader *reader, uint16_t *ret, Error *error);
int reader_u32(Reader *reader, uint32_t *ret, Error *error);
int reader_u64(Reader *reader, uint64_t *ret, Error *error);

/* The writing side of Reader. */
int buffer_append_u32(Buffer *buffer, uint32_t value, Error *error);
int buffer_append_u64(Buffer *buffer, uint64_t value, Error *error);

/* Loads from memory that is known to be large enough. */
static inline uint16_t load_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | (uint16_t)at[1] << 8);
}

static inline uint32_t load_u32(const uint8_t *at)
{
	return (uint32_t)load_u16(at) | (uint32_t)load_u16(at + 2) << 16;
}

static inline uint64_t load_u64(const uint8_t *at)
{
	return (uint64_t)load_u32(at) | (uint64_t)load_u32(at + 4) << 32;
}

/* Stores to memory that is known to be large enough. Each returns where the next goes. */
static inline uint8_t *store_u32(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		*to++ = (uint8_t)(value >> (8 * i));
	return to;
}

static inline uint8_t *store_u64(uint8_t *to, uint64_t value)
{
	return store_u32(store_u32(to, (uint32_t)value), (uint32_t)(value >> 32));
}

/* Lower-case hexadecimal; `to` has room for 2 * size + 1. */
void hex_encode(const uint8_t *data, size_t size, char *to);

/* Exactly 2 * size hexadecimal digits, either case, and no more. */
int hex_decode(const char *text, uint8_t *to, size_t size, Error *error);

/* Does [offset, offset + length) lie within [0, size)? Cannot wrap. */
static inline bool range_within(uint64_t offset, uint64_t length, uint64_t size)
{
	return length <= size && offset <= size - length;
}
