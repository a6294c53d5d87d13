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
