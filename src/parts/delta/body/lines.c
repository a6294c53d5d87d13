/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/lines.h"

#include <stdlib.h>

static size_t pairs(const Lines *lines)
{
	return (size_t)1 << (lines->bits - 1);
}

int lines_init(Lines *lines, unsigned bits, Error *error)
{
	const size_t pair = 2 * sizeof(Line);

	*lines = (Lines){.bits = bits};
	/* Fresh memory is zero, and what is never touched costs nothing. */
	lines->memory = calloc(pairs(lines) + 1, pair);
	if (!lines->memory)
		return error_memory(error);
	lines->lines = (Line *)(((uintptr_t)lines->memory + pair - 1) & ~(uintptr_t)(pair - 1));
	return 0;
}

void lines_clear_cleanup(Lines *lines)
{
	free(lines->memory);
}

size_t lines_memory(const Lines *lines)
{
	return pairs(lines) * 2 * sizeof(Line);
}

Line *lines_find(const Lines *lines, uint32_t hash)
{
	/* Where the line is says the upper bits. */
	uint16_t check = (uint16_t)(hash | 1);
	Line *line = lines_pair(lines, hash), *other = line + 1;

	if (line->check == check)
		return line;
	if (other->check == check)
		return other;
	if (line->check && (!other->check || node_count(other->nodes[0]) < node_count(line->nodes[0])))
		line = other;
	line->check = check;
	node_init(line->nodes, 15);
	return line;
}
