/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool bytes_equal(Bytes a, Bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

void buffer_clear(Buffer *buffer)
{
	free(buffer->data);
	*buffer = BUFFER_INIT;
}

void buffer_cut(Buffer *buffer, size_t size)
{
	if (size >= buffer->size)
		return;
	buffer->size = size;
	buffer->data[size] = 0;
}

int buffer_reserve(Buffer *buffer, size_t more, Error *error)
{
	size_t needed;
	size_t capacity = buffer->capacity ? buffer->capacity : 256;
	uint8_t *data;

	if (__builtin_add_overflow(buffer->size, more, &needed) ||
		__builtin_add_overflow(needed, 1, &needed) || needed > SIZE_MAX / 2)
		return error_memory(error);
	if (needed <= buffer->capacity)
		return 0;
	while (capacity < needed)
		capacity *= 2;
	data = realloc(buffer->data, capacity);
	if (!data)
		return error_memory(error);
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int buffer_append(Buffer *buffer, const void *data, size_t size, Error *error)
{
	if (buffer_reserve(buffer, size, error) < 0)
		return -1;
	if (size > 0)
		memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	buffer->data[buffer->size] = 0;
	return 0;
}

int buffer_append_format(Buffer *buffer, Error *error, const char *format, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0) {
		text = NULL;
		return error_memory(error);
	}
	return buffer_append(buffer, text, (size_t)n, error);
}

int buffer_append_u32(Buffer *buffer, uint32_t value, Error *error)
{
	uint8_t raw[4];

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(value >> (8 * i));
	return buffer_append(buffer, raw, sizeof(raw), error);
}

int buffer_append_u64(Buffer *buffer, uint64_t value, Error *error)
{
	uint8_t raw[8];

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(value >> (8 * i));
	return buffer_append(buffer, raw, sizeof(raw), error);
}

int reader_take(Reader *reader, size_t size, Bytes *ret, Error *error)
{
	if (size > reader_left(reader))
		return error_set(error, "ends at byte %zu, where %zu more bytes are needed",
			reader->bytes.size, size - reader_left(reader));
	*ret = (Bytes){reader->bytes.data + reader->at, size};
	reader->at += size;
	return 0;
}

int reader_u8(Reader *reader, uint8_t *ret, Error *error)
{
	Bytes raw = {NULL, 0};

	if (reader_take(reader, 1, &raw, error) < 0)
		return -1;
	*ret = raw.data[0];
	return 0;
}

int reader_u16(Reader *reader, uint16_t *ret, Error *error)
{
	Bytes raw = {NULL, 0};

	if (reader_take(reader, 2, &raw, error) < 0)
		return -1;
	*ret = load_u16(raw.data);
	return 0;
}

int reader_u32(Reader *reader, uint32_t *ret, Error *error)
{
	Bytes raw = {NULL, 0};

	if (reader_take(reader, 4, &raw, error) < 0)
		return -1;
	*ret = load_u32(raw.data);
	return 0;
}

int reader_u64(Reader *reader, uint64_t *ret, Error *error)
{
	Bytes raw = {NULL, 0};

	if (reader_take(reader, 8, &raw, error) < 0)
		return -1;
	*ret = load_u64(raw.data);
	return 0;
}

void hex_encode(const uint8_t *data, size_t size, char *to)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		to[2 * i] = digits[data[i] >> 4];
		to[2 * i + 1] = digits[data[i] & 15];
	}
	to[2 * size] = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, uint8_t *to, size_t size, Error *error)
{
	for (size_t i = 0; i < size; i++) {
		int high = digit_value(text[2 * i]);
		int low = high < 0 ? -1 : digit_value(text[2 * i + 1]);

		if (low < 0)
			return error_set(error, "is not %zu hexadecimal digits", 2 * size);
		to[i] = (uint8_t)(high << 4 | low);
	}
	if (text[2 * size] != '\0')
		return error_set(error, "is longer than %zu hexadecimal digits", 2 * size);
	return 0;
}
