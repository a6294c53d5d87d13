/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "parts/manifest/letter.h"

static void counts_like_the_columns_of_a_spreadsheet(void **state)
{
	static const struct {
		unsigned sequence;
		const char *letter;
	} known[] = {{1, "a"}, {2, "b"}, {26, "z"}, {27, "aa"}, {52, "az"}, {53, "ba"}, {702, "zz"},
		{703, "aaa"}, {LETTER_SEQUENCE_MAX, "zzz"}};
	char letter[LETTER_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_string_equal(letter_from_sequence(known[i].sequence, letter), known[i].letter);
}

static void every_sequence_comes_back_from_its_letter(void **state)
{
	char letter[LETTER_SIZE];

	(void)state;
	for (unsigned i = 1; i <= LETTER_SEQUENCE_MAX; i++) {
		unsigned back = 0;

		assert_int_equal(letter_to_sequence(letter_from_sequence(i, letter), &back, NULL), 0);
		assert_int_equal(back, i);
	}
}

static void understands_the_parentheses_that_people_see(void **state)
{
	Error error = ERROR_INIT;
	unsigned sequence = 0;

	(void)state;
	assert_done(letter_to_sequence("(aa)", &sequence, &error), &error);
	assert_int_equal(sequence, 27);
}

static void refuses_what_is_no_letter(void **state)
{
	static const char *const bad[] = {
		"", "A", "aaaa", "1", "a1", "(", "()", "(a", "a)", "(aaaa)", " a", "\xc3\xa4", "((a))"};
	Error error = ERROR_INIT;
	unsigned sequence = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(letter_to_sequence(bad[i], &sequence, &error), &error, "is not a letter");
	assert_int_equal(sequence, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_like_the_columns_of_a_spreadsheet),
		cmocka_unit_test(every_sequence_comes_back_from_its_letter),
		cmocka_unit_test(understands_the_parentheses_that_people_see),
		cmocka_unit_test(refuses_what_is_no_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
