/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Configuration files in the form of systemd's unit files: [Section], Key=Value, comments with # or ;. A
 * section or key that nobody knows is refused: a misspelt setting must not be silently off.
 */

#include "base/error.h"

/* text is changed. section: the only one there may be. set gets each key with its value, without the blanks
 * around them; what it refuses, ini_unknown() for instance, is said with name and line. */
int ini_parse(char *text, const char *name, const char *section,
	int (*set)(void *userdata, const char *key, const char *value, Error *error), void *userdata,
	Error *error);

int ini_unknown(const char *key, Error *error);

/* For files of several sections, line by line: IniReader starts as {.rest = text}, and text is changed. */
typedef struct IniReader {
	char *rest;
	const char *section; /* NULL before the first [Section] */
	const char *key, *value;
	unsigned line; /* the number of the last one, counted from 1 */
} IniReader;

enum { INI_SECTION = 1, INI_END = 2 };

/* The next assignment in key and value, without the blanks around them; INI_SECTION when a section begins,
 * which the caller refuses with ini_unknown_section() when he does not know it. What they point to belongs to
 * the text. After a line that is refused, the next call goes on with the line behind it. */
int ini_next(IniReader *reader, Error *error);

int ini_unknown_section(const char *section, Error *error);
