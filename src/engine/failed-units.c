/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/failed-units.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

enum { LIST_SIZE_MAX = 1024 * 1024, UNIT_NAME_MAX = 255 };

static int add_line(json_t *names, const char *line, size_t length, Error *error)
{
	char name[UNIT_NAME_MAX + 1];
	size_t n;

	while (length > 0 && *line == ' ') {
		line++;
		length--;
	}
	for (n = 0; n < length && line[n] != ' '; n++)
		;
	if (n == 0)
		return 0;
	if (n > UNIT_NAME_MAX)
		return error_set(error, "systemctl lists a unit with a name of %zu bytes", n);
	memcpy(name, line, n);
	name[n] = '\0';
	/* A unit of Suture's that fails says so itself, and must not take the letter with it. */
	return text_has_prefix(name, "suture-") ? 0 : json_add(names, json_string(name), error);
}

int failed_units_parse(Bytes text, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *names = json_array();
	size_t begin = 0;

	if (!names)
		return error_memory(error);
	while (begin < text.size) {
		const char *line = (const char *)text.data + begin;
		const char *end = memchr(line, '\n', text.size - begin);
		size_t length = end ? (size_t)(end - line) : text.size - begin;

		if (add_line(names, line, length, error) < 0)
			return -1;
		begin += length + 1;
	}
	*ret = TAKE_PTR(names);
	return 0;
}

int failed_units_list(json_t **ret, Error *error)
{
	const char *const argv[] = {"systemctl", "list-units", "--state=failed", "--plain", "--no-legend",
		"--full", "--no-pager", NULL};
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	/* What sd_booted(3) looks at. */
	if (access("/run/systemd/system", F_OK) < 0)
		return FAILED_UNITS_UNKNOWN;
	if (process_run(argv, LIST_SIZE_MAX, &text, error) < 0)
		return -1;
	return failed_units_parse(buffer_bytes(&text), ret, error);
}
