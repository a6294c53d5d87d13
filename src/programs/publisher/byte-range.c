/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/byte-range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Digits at *at; a number that does not fit becomes the largest one. Says whether there was a digit. */
static bool read_number(const char **at, uint64_t *ret)
{
	const char *start = *at;
	uint64_t value = 0;
	bool wrapped = false;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		wrapped |= __builtin_mul_overflow(value, 10, &value);
		wrapped |= __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value);
	}
	*ret = wrapped ? UINT64_MAX : value;
	return *at > start;
}

int byte_range_parse(const char *text, uint64_t size, uint64_t *ret_start, uint64_t *ret_length)
{
	uint64_t first = 0, last = 0;
	bool has_first, has_last;

	if (!text || strncasecmp(text, "bytes=", 6) != 0)
		return BYTE_RANGE_NONE;
	text += 6;
	has_first = read_number(&text, &first);
	if (*text++ != '-')
		return BYTE_RANGE_NONE;
	has_last = read_number(&text, &last);
	if (*text != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
		return BYTE_RANGE_NONE;
	if (!has_first) { /* "-500": the last 500 bytes */
		first = last < size ? size - last : 0;
		has_last = false;
		if (last == 0)
			return BYTE_RANGE_OUTSIDE;
	}
	if (first >= size)
		return BYTE_RANGE_OUTSIDE;
	*ret_start = first;
	*ret_length = has_last && last < size - 1 ? last - first + 1 : size - first;
	return 0;
}
