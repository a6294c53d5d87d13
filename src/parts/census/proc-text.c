/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/proc-text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Fields as proc_pid_stat(5) counts them. */
enum { STAT_STATE = 3, STAT_THREADS = 20, STAT_START_TIME = 22 };

static Bytes skip(Bytes text, size_t n)
{
	return n > 0 ? (Bytes){text.data + n, text.size - n} : text;
}

/* The text up to the first of delimiter, which is taken off *rest as well; the whole rest when there is none.
 */
static Bytes cut(Bytes *rest, char delimiter)
{
	const uint8_t *end = rest->size > 0 ? memchr(rest->data, delimiter, rest->size) : NULL;
	size_t n = end ? (size_t)(end - rest->data) : rest->size;
	Bytes piece = {rest->data, n};

	*rest = skip(*rest, end ? n + 1 : n);
	return piece;
}

static bool has_prefix(Bytes text, const char *prefix)
{
	return text.size >= strlen(prefix) && memcmp(text.data, prefix, strlen(prefix)) == 0;
}

static bool has_suffix(Bytes text, const char *suffix)
{
	size_t n = strlen(suffix);

	return text.size > n && memcmp(text.data + text.size - n, suffix, n) == 0;
}

/* Names go to terminals and into JSON: only ASCII is certain to be valid in both. */
static void copy_printable(Bytes from, char *to, size_t size)
{
	size_t n = from.size < size - 1 ? from.size : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = from.data[i] >= 0x20 && from.data[i] < 0x7f ? (char)from.data[i] : '?';
	to[n] = '\0';
}

static int parse_number(Bytes text, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.size == 0)
		return -1;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value))
			return -1;
	*ret = value;
	return 0;
}

int proc_text_stat(Bytes text, ProcStat *ret, Error *error)
{
	const uint8_t *open = text.size > 0 ? memchr(text.data, '(', text.size) : NULL;
	/* The name may hold parentheses, blanks and newlines: only the last ')' ends it. */
	const uint8_t *close = text.size > 0 ? memrchr(text.data, ')', text.size) : NULL;
	ProcStat stat = {0};
	Bytes rest, field;

	if (!open || !close || close < open || skip(text, (size_t)(close - text.data)).size < 3)
		return error_set(error, "the state of a process is malformed");
	copy_printable((Bytes){open + 1, (size_t)(close - open - 1)}, stat.name, sizeof(stat.name));
	rest = skip(text, (size_t)(close - text.data) + 2);
	for (int number = STAT_STATE; number <= STAT_START_TIME; number++) {
		field = cut(&rest, ' ');
		if (field.size == 0 || (number == STAT_STATE && field.size != 1) ||
			(number == STAT_THREADS && parse_number(field, &stat.n_threads) < 0) ||
			(number == STAT_START_TIME && parse_number(field, &stat.start_time) < 0))
			return error_set(error, "the state of a process is malformed");
		if (number == STAT_STATE)
			stat.state = (char)field.data[0];
	}
	*ret = stat;
	return 0;
}

int proc_text_uid(Bytes text, uid_t *ret, Error *error)
{
	while (text.size > 0) {
		Bytes line = cut(&text, '\n');
		uint64_t uid;

		if (!has_prefix(line, "Uid:\t"))
			continue;
		line = skip(line, strlen("Uid:\t"));
		(void)cut(&line, '\t'); /* the real one */
		if (parse_number(cut(&line, '\t'), &uid) < 0 || uid > UINT32_MAX)
			break;
		*ret = (uid_t)uid;
		return 0;
	}
	return error_set(error, "the status of a process names no user");
}

/* Takes components off a cgroup's path up to and including the first that is a unit; slices only group. */
static Bytes next_unit(Bytes *path)
{
	while (path->size > 0) {
		Bytes component = cut(path, '/');

		if (has_suffix(component, ".service") || has_suffix(component, ".scope"))
			return component;
	}
	return (Bytes){NULL, 0};
}

static bool is_user_manager(Bytes unit)
{
	return has_prefix(unit, "user@") && has_suffix(unit, ".service");
}

/* A name that is cut would be another unit's: then rather the outer one, or none. */
static void unit_of_path(Bytes path, char unit[static CENSUS_UNIT_SIZE])
{
	Bytes outer = next_unit(&path);
	Bytes inner = {NULL, 0};

	unit[0] = '\0';
	if (outer.size == 0 || outer.size >= CENSUS_UNIT_SIZE)
		return;
	copy_printable(outer, unit, CENSUS_UNIT_SIZE);
	if (is_user_manager(outer))
		inner = next_unit(&path);
	/* init.scope holds the manager itself. */
	if (inner.size == 0 || (inner.size == strlen("init.scope") && has_prefix(inner, "init.scope")) ||
		outer.size + 1 + inner.size >= CENSUS_UNIT_SIZE)
		return;
	unit[outer.size] = '/';
	copy_printable(inner, unit + outer.size + 1, CENSUS_UNIT_SIZE - outer.size - 1);
}

void proc_text_unit(Bytes text, char unit[static CENSUS_UNIT_SIZE])
{
	unit[0] = '\0';
	/* HIERARCHY:CONTROLLERS:PATH. systemd's own hierarchy is the unified one, or a named one beside it.
	 */
	while (text.size > 0 && unit[0] == '\0') {
		Bytes line = cut(&text, '\n');
		Bytes hierarchy = cut(&line, ':');
		Bytes controllers = cut(&line, ':');
		bool unified = hierarchy.size == 1 && hierarchy.data[0] == '0' && controllers.size == 0;
		bool named = bytes_equal(controllers, bytes_of_text("name=systemd"));

		if (unified || named)
			unit_of_path(line, unit);
	}
}
