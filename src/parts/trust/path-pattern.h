/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Path patterns of delegations (TUF 1.0.x section 4.5): '*' stands for any run of characters, '?' for exactly
 * one, and neither for '/'. Everything else stands for itself. Time is bounded by the product of the lengths.
 */

#include <stdbool.h>

enum { PATH_PATTERN_MAX = 1023 };

/* pattern has at most PATH_PATTERN_MAX bytes; a longer one matches nothing. */
bool path_pattern_matches(const char *pattern, const char *path);

/* Could the pattern match any path that begins with prefix? */
bool path_pattern_reaches(const char *pattern, const char *prefix);
