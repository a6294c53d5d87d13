/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/manifest/letter.h"

#include <string.h>

enum { ALPHABET = 26 };

/* The digits run from 1 to 26: there is no zero, so "z" is followed by "aa". */
const char *letter_from_sequence(unsigned sequence, char letter[static LETTER_SIZE])
{
	char backwards[LETTER_SIZE];
	size_t n = 0;

	while (sequence > 0 && n < LETTER_SIZE - 1) {
		backwards[n++] = (char)('a' + (sequence - 1) % ALPHABET);
		sequence = (sequence - 1) / ALPHABET;
	}
	for (size_t i = 0; i < n; i++)
		letter[i] = backwards[n - 1 - i];
	letter[n] = '\0';
	return letter;
}

int letter_to_sequence(const char *letter, unsigned *ret, Error *error)
{
	size_t length = strnlen(letter, LETTER_SIZE + 2);
	const char *at = letter;
	unsigned sequence = 0;

	if (length >= 2 && letter[0] == '(' && letter[length - 1] == ')') {
		at++;
		length -= 2;
	}
	if (length == 0 || length >= LETTER_SIZE)
		return error_set(error, "\"%.16s\" is not a letter from a to zzz", letter);
	for (size_t i = 0; i < length; i++) {
		if (at[i] < 'a' || at[i] > 'z')
			return error_set(error, "\"%.16s\" is not a letter from a to zzz", letter);
		sequence = sequence * ALPHABET + (unsigned)(at[i] - 'a') + 1;
	}
	*ret = sequence;
	return 0;
}
