/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace-format.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { OFFSET_MAX = 4096 };

/* "offset:8;" behind the field; the number's digits, ended by a semicolon. */
static int read_number(const char *line, const char *key, size_t *ret, Error *error)
{
	const char *found = strstr(line, key);
	const char *newline = strchr(line, '\n');
	char digits[8];
	int64_t value;
	size_t n;

	if (!found || (newline && found > newline))
		return error_set(error, "it has no %s", key);
	found += strlen(key);
	n = strcspn(found, ";\n");
	if (n == 0 || n >= sizeof(digits) || found[n] != ';')
		return error_set(error, "%s is no number", key);
	memcpy(digits, found, n);
	digits[n] = '\0';
	if (text_to_integer(digits, 0, OFFSET_MAX, &value, error) < 0)
		return -1;
	*ret = (size_t)value;
	return 0;
}

int trace_format_field(
	const char *format, const char *type, const char *name, size_t size, size_t *ret, Error *error)
{
	CLEANUP_FREE char *key = NULL;
	const char *line;
	size_t offset, found = 0;

	if (text_format(&key, error, "field:%s %s;", type, name) < 0)
		return -1;
	line = strstr(format, key);
	if (!line)
		return error_set(error, "the tracepoint has no field \"%s %s\"", type, name);
	if (read_number(line, "offset:", &offset, error) < 0 || read_number(line, "size:", &found, error) < 0)
		return error_in(error, "the tracepoint's field \"%s\"", name);
	if (found != size)
		return error_set(error, "the tracepoint's field \"%s\" has %zu bytes instead of %zu", name,
			found, size);
	*ret = offset;
	return 0;
}
