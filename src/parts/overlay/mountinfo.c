/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/mountinfo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"

/* The kernel allows 100,000 mounts a namespace unless fs.mount-max says otherwise. */
enum { ENTRIES_MAX = 1 << 20, TEXT_MAX = 64 * 1024 * 1024 };

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The kernel writes blank, tab, newline, backslash and '#' as a backslash and three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && is_octal(from[2]) &&
			is_octal(from[3])) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* Cuts the text before the first separator off; *rest goes behind it, or to NULL at the end. */
static char *cut(char **rest, char separator)
{
	char *field = *rest;
	char *end = field ? strchr(field, separator) : NULL;

	if (end)
		*end = '\0';
	*rest = end ? end + 1 : NULL;
	return field;
}

/* A plain decimal number, at most max, that ends where the text does. */
static bool parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;

	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(number, 10U, &number) ||
			__builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
			return false;
	}
	*ret = number;
	return number <= max;
}

static bool parse_device(char *text, dev_t *ret)
{
	uint64_t major_number, minor_number;

	if (!parse_number(cut(&text, ':'), UINT32_MAX, &major_number) ||
		!parse_number(text, UINT32_MAX, &minor_number))
		return false;
	*ret = makedev((unsigned int)major_number, (unsigned int)minor_number);
	return true;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL…] - TYPE SOURCE SUPEROPTIONS" */
static bool parse_line(char *line, MountinfoEntry *ret)
{
	char *rest = line, *device, *point, *field;

	if (!parse_number(cut(&rest, ' '), UINT64_MAX, &ret->id) ||
		!parse_number(cut(&rest, ' '), UINT64_MAX, &ret->parent))
		return false;
	device = cut(&rest, ' ');
	if (!device || !parse_device(device, &ret->device))
		return false;
	(void)cut(&rest, ' ');
	point = cut(&rest, ' ');
	do {
		field = cut(&rest, ' ');
	} while (field && strcmp(field, "-") != 0);
	ret->type = cut(&rest, ' ');
	field = cut(&rest, ' ');
	if (!field)
		return false;
	unescape(point);
	unescape(field);
	ret->point = point;
	ret->source = field;
	return true;
}

static size_t count_lines(Bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.size; i++)
		n += text.data[i] == '\n';
	return n + (text.size > 0 && text.data[text.size - 1] != '\n');
}

int mountinfo_parse(Buffer *text, Mountinfo *ret, Error *error)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	size_t n = count_lines(buffer_bytes(text));
	char *rest;

	mounts.text = *text;
	*text = BUFFER_INIT;
	rest = (char *)mounts.text.data;
	if (n > ENTRIES_MAX)
		return error_set(error, "the table of mounts has more than %d entries", ENTRIES_MAX);
	if (n > 0 && memchr(rest, '\0', mounts.text.size))
		return error_set(error, "the table of mounts holds a zero byte");
	mounts.entries = calloc(n + 1, sizeof(*mounts.entries));
	if (!mounts.entries)
		return error_memory(error);
	for (; mounts.n < n; mounts.n++)
		if (!parse_line(cut(&rest, '\n'), &mounts.entries[mounts.n]))
			return error_set(error, "line %zu of the table of mounts is malformed", mounts.n + 1);
	*ret = mounts;
	mounts = MOUNTINFO_INIT;
	return 0;
}

int mountinfo_read(Mountinfo *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int r = file_read(AT_FDCWD, "/proc/thread-self/mountinfo", TEXT_MAX, &text, error);

	if (r == FILE_ABSENT)
		return error_in(error, "the table of mounts cannot be read (is /proc mounted?)");
	return r < 0 ? r : mountinfo_parse(&text, ret, error);
}

const MountinfoEntry *mountinfo_find(const Mountinfo *mounts, uint64_t id)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->entries[i].id == id)
			return &mounts->entries[i];
	return NULL;
}

void mountinfo_clear(Mountinfo *mounts)
{
	free(mounts->entries);
	buffer_clear(&mounts->text);
	*mounts = MOUNTINFO_INIT;
}
