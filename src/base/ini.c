/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ini.h"

#include <ctype.h>
#include <string.h>

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

int ini_unknown_section(const char *section, Error *error)
{
	return error_set(error, "unknown section [%.80s]", section);
}

static int read_section(IniReader *reader, char *line, Error *error)
{
	size_t length = strlen(line);

	if (line[length - 1] != ']')
		return error_set(error, "unknown section %.80s", line);
	line[length - 1] = '\0';
	reader->section = line + 1;
	return INI_SECTION;
}

static int read_assignment(IniReader *reader, char *line, Error *error)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return error_set(error, "\"%.80s\" is not of the form Key=Value", line);
	*equals = '\0';
	reader->key = strip(line);
	reader->value = strip(equals + 1);
	return 0;
}

int ini_next(IniReader *reader, Error *error)
{
	char *line;

	while ((line = strsep(&reader->rest, "\n"))) {
		reader->line++;
		line = strip(line);
		if (*line == '[')
			return read_section(reader, line, error);
		if (*line != '\0' && *line != '#' && *line != ';')
			return read_assignment(reader, line, error);
	}
	return INI_END;
}

int ini_parse(char *text, const char *name, const char *section,
	int (*set)(void *userdata, const char *key, const char *value, Error *error), void *userdata,
	Error *error)
{
	IniReader reader = {.rest = text};
	int r;

	while ((r = ini_next(&reader, error)) != INI_END) {
		if (r == 0)
			r = set(userdata, reader.key, reader.value, error);
		else if (r == INI_SECTION && strcmp(reader.section, section) != 0)
			r = ini_unknown_section(reader.section, error);
		if (r < 0)
			return error_in(error, "%s:%u", name, reader.line);
	}
	return 0;
}
