/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"

enum { READ_SIZE = 64 * 1024, READ_ATTEMPTS = 16, MAJOR_MAX = 0xfff, MINOR_MAX = 0xfffff };

void mountinfo_clear(Mountinfo *mounts)
{
	buffer_clear(&mounts->text);
	free(mounts->entries);
	free(mounts->by_id);
	free(mounts->by_parent);
	*mounts = MOUNTINFO_INIT;
}

static int read_all(int fd, const char *name, Buffer *ret, Error *error)
{
	for (;;) {
		ssize_t n;

		if (buffer_reserve(ret, READ_SIZE, error) < 0)
			return -1;
		n = read(fd, ret->data + ret->size, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot read %s", name);
		ret->size += (size_t)n;
		ret->data[ret->size] = 0;
		if (n == 0)
			return 0;
		if (ret->size > MOUNTINFO_SIZE_MAX)
			return error_set(error, "%s has more than the %d bytes allowed", name,
				(int)MOUNTINFO_SIZE_MAX);
	}
}

/* The kernel reports a change of the table since it was opened as an exceptional condition. */
static bool has_changed(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLPRI};

	return poll(&wait, 1, 0) > 0 && (wait.revents & (POLLPRI | POLLERR));
}

int mountinfo_read(int proc, const char *name, Mountinfo *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	/* Where mounts never come to rest, the last reading must do. */
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		CLEANUP_CLOSE int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return error_os(error, errno, "cannot open %s", name);
		buffer_clear(&text);
		if (read_all(fd, name, &text, error) < 0)
			return -1;
		if (!has_changed(fd))
			break;
	}
	if (mountinfo_parse(&text, ret, error) < 0)
		return error_in(error, "%s", name);
	return 0;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The kernel writes blanks, newlines and backslashes in names as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && is_octal(from[2]) &&
			is_octal(from[3]) && (from[1] != '0' || from[2] != '0' || from[3] != '0')) {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

/* Cuts the next field, which may be empty, off the line; NULL when the line has ended. */
static char *next_field(char **line)
{
	return strsep(line, " ");
}

static int parse_device(char *text, dev_t *ret)
{
	char *minor_text = strchr(text, ':');
	int64_t major_number, minor_number;

	if (!minor_text)
		return -1;
	*minor_text++ = '\0';
	if (text_to_integer(text, 0, MAJOR_MAX, &major_number, NULL) < 0 ||
		text_to_integer(minor_text, 0, MINOR_MAX, &minor_number, NULL) < 0)
		return -1;
	*ret = makedev((unsigned)major_number, (unsigned)minor_number);
	return 0;
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG…] - TYPE SOURCE OPTIONS */
static int parse_line(char *line, MountEntry *ret)
{
	char *id = next_field(&line), *parent = next_field(&line), *device = next_field(&line);
	char *root = next_field(&line), *point = next_field(&line), *options = next_field(&line);
	char *tag, *type, *source;
	MountEntry entry = {0};

	do {
		tag = next_field(&line);
	} while (tag && strcmp(tag, "-") != 0);
	type = next_field(&line);
	source = next_field(&line);
	if (!options || !source || !line || *root == '\0' || *point != '/' || *type == '\0')
		return -1;
	if (text_to_integer(id, 0, INT64_MAX, &entry.id, NULL) < 0 ||
		text_to_integer(parent, 0, INT64_MAX, &entry.parent, NULL) < 0 ||
		parse_device(device, &entry.device) < 0)
		return -1;
	unescape(root);
	unescape(point);
	unescape(type);
	unescape(source);
	entry.root = root;
	/* "rw" or "ro" is the first of them. */
	entry.is_read_only = strncmp(options, "ro", 2) == 0 && (options[2] == ',' || options[2] == '\0');
	entry.point = point;
	entry.type = type;
	entry.source = source;
	*ret = entry;
	return 0;
}

static size_t count_lines(Bytes text)
{
	size_t n = text.size > 0 && text.data[text.size - 1] != '\n' ? 1 : 0;

	for (size_t i = 0; i < text.size; i++)
		n += text.data[i] == '\n';
	return n;
}

static int compare_ids(const void *a, const void *b)
{
	const MountEntry *left = *(const MountEntry *const *)a, *right = *(const MountEntry *const *)b;

	return (left->id > right->id) - (left->id < right->id);
}

static int compare_parents(const void *a, const void *b)
{
	const MountEntry *left = *(const MountEntry *const *)a, *right = *(const MountEntry *const *)b;
	size_t left_length = strlen(left->point), right_length = strlen(right->point);

	if (left->is_outermost != right->is_outermost)
		return left->is_outermost ? -1 : 1;
	if (!left->is_outermost && left->parent != right->parent)
		return left->parent < right->parent ? -1 : 1;
	return (left_length > right_length) - (left_length < right_length);
}

/* Others choose how many mounts there are and how deep they are stacked: look-ups must not be quadratic. */
static int make_indexes(Mountinfo *mounts, Error *error)
{
	mounts->by_id = calloc(mounts->n_entries + 1, sizeof(*mounts->by_id));
	mounts->by_parent = calloc(mounts->n_entries + 1, sizeof(*mounts->by_parent));
	if (!mounts->by_id || !mounts->by_parent)
		return error_memory(error);
	for (size_t i = 0; i < mounts->n_entries; i++)
		mounts->by_id[i] = mounts->by_parent[i] = &mounts->entries[i];
	qsort(mounts->by_id, mounts->n_entries, sizeof(*mounts->by_id), compare_ids);
	for (size_t i = 0; i < mounts->n_entries; i++) {
		MountEntry *entry = &mounts->entries[i];

		entry->is_outermost = entry->parent == entry->id || !mountinfo_by_id(mounts, entry->parent);
	}
	qsort(mounts->by_parent, mounts->n_entries, sizeof(*mounts->by_parent), compare_parents);
	return 0;
}

int mountinfo_parse(Buffer *text, Mountinfo *ret, Error *error)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	char *rest, *line;
	size_t n_lines;

	mounts.text = *text;
	*text = BUFFER_INIT;
	if (mounts.text.size > MOUNTINFO_SIZE_MAX)
		return error_set(error, "the table of mounts is too large");
	if (mounts.text.size > 0 && memchr(mounts.text.data, 0, mounts.text.size))
		return error_set(error, "the table of mounts holds a zero byte");
	n_lines = count_lines(buffer_bytes(&mounts.text));
	mounts.entries = calloc(n_lines + 1, sizeof(*mounts.entries));
	if (!mounts.entries)
		return error_memory(error);
	rest = (char *)mounts.text.data;
	while (mounts.n_entries < n_lines && (line = strsep(&rest, "\n"))) {
		if (parse_line(line, &mounts.entries[mounts.n_entries]) < 0)
			return error_set(
				error, "line %zu of the table of mounts is malformed", mounts.n_entries + 1);
		mounts.n_entries++;
	}
	if (make_indexes(&mounts, error) < 0)
		return -1;
	*ret = mounts;
	mounts = MOUNTINFO_INIT;
	return 0;
}

const MountEntry *mountinfo_by_id(const Mountinfo *mounts, int64_t id)
{
	MountEntry wanted = {.id = id};
	const MountEntry *key = &wanted;
	const MountEntry **found = NULL;

	if (mounts->n_entries > 0)
		found = bsearch(&key, mounts->by_id, mounts->n_entries, sizeof(key), compare_ids);
	return found ? *found : NULL;
}

const char *mountinfo_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	/* Only the root ends with a slash. */
	if (length == 1 && *directory == '/')
		length = 0;
	if (strncmp(path, directory, length) != 0)
		return NULL;
	path += length;
	if (strcmp(path, "/") == 0)
		return path + 1;
	return *path == '\0' || *path == '/' ? path : NULL;
}

/* Where the children of `from` begin in by_parent; NULL: the outermost. */
static size_t first_child(const Mountinfo *mounts, const MountEntry *from)
{
	size_t low = 0, high = mounts->n_entries;

	while (from && low < high) {
		size_t middle = low + (high - low) / 2;
		const MountEntry *entry = mounts->by_parent[middle];

		if (entry->is_outermost || entry->parent < from->id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A mount covers everything below its point, thus of several on the way the shortest point is met. */
const MountEntry *mountinfo_next(const Mountinfo *mounts, const MountEntry *from, const char *path)
{
	for (size_t i = first_child(mounts, from); i < mounts->n_entries; i++) {
		const MountEntry *entry = mounts->by_parent[i];

		if (from ? entry->parent != from->id : !entry->is_outermost)
			break;
		if (mountinfo_below(path, entry->point))
			return entry;
	}
	return NULL;
}

const MountEntry *mountinfo_at(const Mountinfo *mounts, const char *path)
{
	const MountEntry *at = mountinfo_next(mounts, NULL, path);

	/* Ids that occur twice can form a ring. They are not the kernel's, but the count ends it. */
	for (size_t steps = 0; at && steps < mounts->n_entries; steps++) {
		const MountEntry *next = mountinfo_next(mounts, at, path);

		if (!next)
			break;
		at = next;
	}
	return at;
}
