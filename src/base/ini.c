/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ini.h"

#include <ctype.h>
#include <string.h>

/* What a file's lines go to. */
typedef struct Sink {
	const char *section;
	int (*set)(void *userdata, const char *key, const char *value, Error *error);
	void *userdata;
} Sink;

int ini_unknown(const char *key, Error *error)
{
	return error_set(error, "unknown key \"%.80s\"", key);
}

static char *strip(char *text)
{
	char *end = text + strlen(text);

	while (isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

static int read_section(const Sink *sink, const char *line, Error *error)
{
	size_t length = strlen(sink->section);

	if (strncmp(line + 1, sink->section, length) == 0 && strcmp(line + 1 + length, "]") == 0)
		return 0;
	return error_set(error, "unknown section %.80s", line);
}

static int read_line(const Sink *sink, char *line, Error *error)
{
	char *equals = strchr(line, '=');

	if (*line == '\0' || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return read_section(sink, line, error);
	if (!equals)
		return error_set(error, "\"%.80s\" is not of the form Key=Value", line);
	*equals = '\0';
	return sink->set(sink->userdata, strip(line), strip(equals + 1), error);
}

int ini_parse(char *text, const char *name, const char *section,
	int (*set)(void *userdata, const char *key, const char *value, Error *error), void *userdata,
	Error *error)
{
	Sink sink = {section, set, userdata};
	char *rest = text;
	char *line;

	for (int number = 1; (line = strsep(&rest, "\n")); number++)
		if (read_line(&sink, strip(line), error) < 0)
			return error_in(error, "%s:%d", name, number);
	return 0;
}
