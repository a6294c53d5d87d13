/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/maps.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PERMISSIONS_SIZE = 4, MAJOR_MAX = 0xfff, MINOR_MAX = 0xfffff };

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/* Takes a number and the character behind it off the line; '\0' stands for the line's end or a blank. */
static int take_number(Bytes *line, unsigned base, uint64_t max, char behind, uint64_t *ret)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; n < line->size && (unsigned)digit_value(line->data[n]) < base; n++)
		if (__builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, (unsigned)digit_value(line->data[n]), &value))
			return -1;
	if (n == 0 || value > max)
		return -1;
	if (n < line->size && line->data[n] != (behind ? behind : ' '))
		return -1;
	if (n == line->size && behind)
		return -1;
	n += n < line->size;
	*line = (Bytes){line->data + n, line->size - n};
	*ret = value;
	return 0;
}

static int take_permissions(Bytes *line)
{
	static const char *const allowed[PERMISSIONS_SIZE] = {"r-", "w-", "x-", "ps"};

	if (line->size <= PERMISSIONS_SIZE || line->data[PERMISSIONS_SIZE] != ' ')
		return -1;
	for (size_t i = 0; i < PERMISSIONS_SIZE; i++)
		if (line->data[i] == '\0' || !strchr(allowed[i], line->data[i]))
			return -1;
	*line = (Bytes){line->data + PERMISSIONS_SIZE + 1, line->size - PERMISSIONS_SIZE - 1};
	return 0;
}

int maps_parse(Bytes line, MapsEntry *ret, Error *error)
{
	MapsEntry entry = {0};
	uint64_t offset, major_number, minor_number;

	if (take_number(&line, 16, UINT64_MAX, '-', &entry.start) < 0 ||
		take_number(&line, 16, UINT64_MAX, ' ', &entry.end) < 0 || take_permissions(&line) < 0 ||
		take_number(&line, 16, UINT64_MAX, ' ', &offset) < 0 ||
		take_number(&line, 16, MAJOR_MAX, ':', &major_number) < 0 ||
		take_number(&line, 16, MINOR_MAX, ' ', &minor_number) < 0 ||
		take_number(&line, 10, UINT64_MAX, '\0', &entry.inode) < 0 || entry.start >= entry.end)
		return error_set(error, "a line of the list of mappings is malformed");
	entry.device = makedev((unsigned)major_number, (unsigned)minor_number);
	*ret = entry;
	return 0;
}

void maps_begin(MapsReader *reader, int fd)
{
	reader->fd = fd;
	reader->n_lines = 0;
	reader->head_size = 0;
	reader->at = 0;
	reader->end = 0;
}

static int fill(MapsReader *reader, Error *error)
{
	ssize_t n;

	do {
		n = read(reader->fd, reader->block, sizeof(reader->block));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_os(error, errno, "cannot read the list of mappings");
	reader->at = 0;
	reader->end = (size_t)n;
	return n == 0 ? MAPS_END : 0;
}

/* Collects the head of the next line and drops its tail. */
static int next_line(MapsReader *reader, Error *error)
{
	reader->head_size = 0;
	for (;;) {
		const char *from, *newline;
		size_t piece, room = sizeof(reader->head) - reader->head_size;

		if (reader->at == reader->end) {
			int r = fill(reader, error);

			if (r != 0)
				return r < 0 || reader->head_size == 0 ? r : 0;
		}
		from = reader->block + reader->at;
		newline = memchr(from, '\n', reader->end - reader->at);
		piece = newline ? (size_t)(newline - from) : reader->end - reader->at;
		memcpy(reader->head + reader->head_size, from, piece < room ? piece : room);
		reader->head_size += piece < room ? piece : room;
		reader->at += piece + (newline ? 1 : 0);
		if (newline)
			return 0;
	}
}

int maps_next(MapsReader *reader, MapsEntry *ret, Error *error)
{
	for (;;) {
		MapsEntry entry;
		int r = next_line(reader, error);

		if (r != 0)
			return r;
		reader->n_lines++;
		if (maps_parse((Bytes){(const uint8_t *)reader->head, reader->head_size}, &entry, error) < 0)
			return -1;
		if (entry.inode == 0)
			continue;
		*ret = entry;
		return 0;
	}
}
