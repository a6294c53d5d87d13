/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* How many bytes the UTF-8 sequence at `at` has (RFC 3629: no overlong forms, no surrogates); 0 if it is
 * none. *ret is the character. */
static size_t utf8_length(const unsigned char *at, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = at[0] < 0x80   ? 1
			: at[0] < 0xc0 ? 0
			: at[0] < 0xe0 ? 2
			: at[0] < 0xf0 ? 3
			: at[0] < 0xf8 ? 4
				       : 0;
	uint32_t value = length <= 1 ? at[0] : at[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (length > 1 && (value < smallest[length] || value > 0x10ffff || (value & 0x1ff800) == 0xd800))
		return 0;
	*ret = value;
	return length;
}

/* Control characters, and those that turn the direction of the text around them or break its line. */
static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
	       (character >= 0x200e && character <= 0x200f) || (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

void text_make_printable(char *text)
{
	unsigned char *at = (unsigned char *)text;

	while (*at) {
		uint32_t character = 0;
		size_t length = utf8_length(at, &character);

		if (length == 0 || is_control(character)) {
			length = length > 0 ? length : 1;
			memset(at, '?', length);
		}
		at += length;
	}
}

int text_format(char **ret, Error *error, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0)
		return error_memory(error);
	*ret = text;
	return 0;
}

int text_copy(const char *text, char **ret, Error *error)
{
	char *copy = strdup(text);

	if (!copy)
		return error_memory(error);
	*ret = copy;
	return 0;
}

const char *text_count(uint64_t number, char buffer[static TEXT_SIZE_MAX])
{
	char digits[TEXT_SIZE_MAX];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *to = buffer;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buffer;
}

const char *text_size(uint64_t bytes, char buffer[static TEXT_SIZE_MAX])
{
	if (bytes < 10000 * 1000) {
		(void)text_count(bytes, buffer);
		(void)strcat(buffer, bytes == 1 ? " byte" : " bytes");
	} else if (bytes < 10000ull * 1000 * 1000) {
		(void)snprintf(buffer, TEXT_SIZE_MAX, "%.1f MB", (double)bytes / 1e6);
	} else {
		(void)snprintf(buffer, TEXT_SIZE_MAX, "%.1f GB", (double)bytes / 1e9);
	}
	return buffer;
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool text_is_name(const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);

	if (length == 0 || length > max || !is_alphanumeric(text[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_alphanumeric(text[i]) && !strchr(".+_~:-", text[i]))
			return false;
	return true;
}

bool text_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text);
	size_t tail = strlen(suffix);

	return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

int text_to_integer(const char *text, int64_t min, int64_t max, int64_t *ret, Error *error)
{
	char *end = NULL;
	long long value;

	if (!is_alphanumeric(text[0]) && text[0] != '-')
		return error_set(error, "\"%s\" is not a number", text);
	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0')
		return error_set(error, "\"%s\" is not a number", text);
	if (errno == ERANGE || value < min || value > max)
		return error_set(error, "%s is not between %" PRId64 " and %" PRId64, text, min, max);
	*ret = value;
	return 0;
}
