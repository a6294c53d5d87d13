/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/path-pattern.h"

#include <string.h>

/* The positions in the pattern that may come next, after what was read so far. A set of positions instead of
 * backtracking: no pattern makes it slow. */
typedef struct Positions {
	bool at[PATH_PATTERN_MAX + 1]; /* in use: as many as the pattern is long, and one */
} Positions;

/* A '*' may stand for nothing, so whoever is before it is behind it as well. */
static void add(Positions *positions, const char *pattern, size_t at)
{
	positions->at[at] = true;
	for (; pattern[at] == '*'; at++)
		positions->at[at + 1] = true;
}

/* Bytes of the UTF-8 character at text: its first byte and what continues it. */
static size_t character_size(const char *text)
{
	size_t n = 1;

	while (((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Reads one character of `size` bytes; false when no position is left. */
static bool step(const char *pattern, size_t length, const char *character, size_t size, Positions *positions)
{
	Positions next;
	bool alive = false;

	memset(next.at, 0, length + 1);
	for (size_t i = 0; i < length; i++) {
		if (!positions->at[i])
			continue;
		if (pattern[i] == '*' && *character != '/')
			add(&next, pattern, i);
		else if (pattern[i] == '?' && *character != '/')
			add(&next, pattern, i + 1);
		else if (pattern[i] != '*' && pattern[i] != '?' && strncmp(pattern + i, character, size) == 0)
			add(&next, pattern, i + size);
		else
			continue;
		alive = true;
	}
	memcpy(positions->at, next.at, length + 1);
	return alive;
}

static bool consume(const char *pattern, size_t length, const char *text, Positions *positions)
{
	memset(positions->at, 0, length + 1);
	add(positions, pattern, 0);
	while (*text) {
		size_t size = character_size(text);

		if (!step(pattern, length, text, size, positions))
			return false;
		text += size;
	}
	return true;
}

bool path_pattern_matches(const char *pattern, const char *path)
{
	size_t length = strnlen(pattern, PATH_PATTERN_MAX + 1);
	Positions positions;

	return length <= PATH_PATTERN_MAX && consume(pattern, length, path, &positions) &&
	       positions.at[length];
}

/* Whatever is left of a pattern matches some text, so a position that is left is enough. A prefix that ends
 * where the pattern does is matched itself. */
bool path_pattern_reaches(const char *pattern, const char *prefix)
{
	size_t length = strnlen(pattern, PATH_PATTERN_MAX + 1);
	Positions positions;

	return length <= PATH_PATTERN_MAX && consume(pattern, length, prefix, &positions);
}
