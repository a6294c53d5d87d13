/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Letters: 1 is "a", 26 is "z", 27 is "aa", as columns of a spreadsheet.
 */

#include "base/error.h"

enum { LETTER_SEQUENCE_MAX = 18278 /* "zzz" */, LETTER_SIZE = 4 };

/* sequence lies in [1, LETTER_SEQUENCE_MAX]. Returns letter. */
const char *letter_from_sequence(unsigned sequence, char letter[static LETTER_SIZE]);

/* Lower case only; with or without the parentheses that people see. */
int letter_to_sequence(const char *letter, unsigned *ret, Error *error);
