/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/failing-units.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024, UNIT_NAME_MAX = 255, LINE_SIZE = 512 };

typedef struct Service {
	char name[UNIT_NAME_MAX + 1];
	bool has_failed;
	int64_t restarts, began;
} Service;

/* What has no number there, or one that is none of ours, is left at 0. */
static void take_number(const char *text, int64_t *place)
{
	(void)text_to_integer(text, 0, INT64_MAX, place, NULL);
}

/* What follows the key and "=" when the line begins so. */
static const char *value_of(const char *line, const char *key)
{
	size_t n = strlen(key);

	return text_has_prefix(line, key) && line[n] == '=' ? line + n + 1 : NULL;
}

static void take_line(Service *service, const char *line)
{
	const char *value;

	if ((value = value_of(line, "Id")) && strlen(value) <= UNIT_NAME_MAX)
		memcpy(service->name, value, strlen(value) + 1);
	else if ((value = value_of(line, "Result")))
		service->has_failed = strcmp(value, "success") != 0;
	else if ((value = value_of(line, "NRestarts")))
		take_number(value, &service->restarts);
	else if ((value = value_of(line, "ExecMainStartTimestampMonotonic")))
		take_number(value, &service->began);
}

/* Suture's own are left out as in failed-units.c. */
static int end_service(Service *service, int64_t since, json_t *names, Error *error)
{
	bool is_failing = service->has_failed || (service->restarts > 0 && service->began >= since);
	int r = 0;

	if (is_failing && service->name[0] && !text_has_prefix(service->name, "suture-"))
		r = json_add(names, json_string(service->name), error);
	*service = (Service){.name = ""};
	return r;
}

int failing_units_parse(Bytes text, int64_t since, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *names = json_array();
	Service service = {.name = ""};
	size_t begin = 0;

	if (!names)
		return error_memory(error);
	while (begin < text.size) {
		const char *start = (const char *)text.data + begin;
		const char *end = memchr(start, '\n', text.size - begin);
		size_t length = end ? (size_t)(end - start) : text.size - begin;
		char line[LINE_SIZE];

		(void)snprintf(line, sizeof(line), "%.*s", (int)length, start);
		take_line(&service, line);
		if (length == 0 && end_service(&service, since, names, error) < 0)
			return -1;
		begin += length + 1;
	}
	if (end_service(&service, since, names, error) < 0)
		return -1;
	*ret = TAKE_PTR(names);
	return 0;
}

int failing_units_list(unsigned minutes, json_t **ret, Error *error)
{
	const char *const argv[] = {"systemctl", "show", "--no-pager",
		"--property=Id,Result,NRestarts,ExecMainStartTimestampMonotonic", "*.service", NULL};
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int64_t since = (clock_monotonic_ms() - (int64_t)minutes * 60 * 1000) * 1000;

	if (access("/run/systemd/system", F_OK) < 0)
		return FAILING_UNITS_UNKNOWN;
	if (process_run(argv, OUTPUT_MAX, &text, error) < 0)
		return -1;
	return failing_units_parse(buffer_bytes(&text), since, ret, error);
}
