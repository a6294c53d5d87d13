/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text for people and text from strangers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Replaces by '?', in place, each byte of what could deceive a reader: control characters (terminal escapes
 * in hostile names, newlines in one-line messages), characters that turn the direction of text, and what is
 * not UTF-8. */
void text_make_printable(char *text);

/* A new string from a format. *ret is untouched on failure; the caller frees it. */
int text_format(char **ret, Error *error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A copy, as text_format("%s"). */
int text_copy(const char *text, char **ret, Error *error);

enum { TEXT_SIZE_MAX = 32 };

/* "186,472 bytes" below ten thousand kB, "4.7 MB" above (powers of 1000). Returns buffer. */
const char *text_size(uint64_t bytes, char buffer[static TEXT_SIZE_MAX]);

/* "186,472". Returns buffer. */
const char *text_count(uint64_t number, char buffer[static TEXT_SIZE_MAX]);

/* Does a name consist of [A-Za-z0-9.+_~:-] only, begin with a letter or digit, and have at most max bytes?
 * Components, versions, letters and repository path segments are held to this. */
bool text_is_name(const char *text, size_t max);

bool text_has_prefix(const char *text, const char *prefix);
bool text_has_suffix(const char *text, const char *suffix);

/* Whole-string decimal number within [min, max]; refuses signs without digits, blanks and overflow. */
int text_to_integer(const char *text, int64_t min, int64_t max, int64_t *ret, Error *error);
