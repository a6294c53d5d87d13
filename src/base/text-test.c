/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

static void assert_printable(const char *text, const char *expected)
{
	char copy[128];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	text_make_printable(copy);
	assert_string_equal(copy, expected);
}

static void lets_readable_text_pass(void **state)
{
	static const char *const texts[] = {"", "plain ~!", "\xc3\xa4\xc3\xb6\xc3\xbc",
		"\xe2\x80\x94 \xe2\x82\xac", "\xf0\x9f\xa9\xb9", "\xc2\xa0", "\xf4\x8f\xbf\xbf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_printable(texts[i], texts[i]);
}

static void defuses_control_characters(void **state)
{
	(void)state;
	assert_printable("a\033[31mb\tc\nd\re\177", "a?[31mb?c?d?e?");
	assert_printable("\xc2\x9b"
			 "31m",
		"??31m");
	/* U+202E turns the text around, U+2028 breaks the line. */
	assert_printable("a\xe2\x80\xae"
			 "b\xe2\x80\xa8"
			 "c\xe2\x81\xa6",
		"a???b???c???");
}

static void defuses_what_is_not_utf8(void **state)
{
	(void)state;
	assert_printable("\x9b"
			 "31m",
		"?31m");
	assert_printable("cut \xe2\x82", "cut ??");
	assert_printable("\xc0\xaf\xe0\x80\xaf", "?????");      /* overlong */
	assert_printable("\xed\xa0\x80", "???");                /* a surrogate */
	assert_printable("\xf4\x90\x80\x80\xf8\xff", "??????"); /* beyond U+10FFFF */
	assert_printable("\xe2(\xa1", "?(?");
}

static void formats_and_copies(void **state)
{
	CLEANUP_FREE char *a = NULL, *b = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(text_format(&a, &error, "%s-%d", "x", 5), &error);
	assert_string_equal(a, "x-5");
	assert_done(text_copy(a, &b, &error), &error);
	assert_string_equal(b, "x-5");
	assert_ptr_not_equal(a, b);
}

static void counts_in_groups_of_three(void **state)
{
	static const struct {
		uint64_t number;
		const char *text;
	} known[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {186472, "186,472"}, {1234567, "1,234,567"},
		{UINT64_MAX, "18,446,744,073,709,551,615"}};
	char buffer[TEXT_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_string_equal(text_count(known[i].number, buffer), known[i].text);
}

static void names_sizes(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} known[] = {{0, "0 bytes"}, {1, "1 byte"}, {2, "2 bytes"}, {186472, "186,472 bytes"},
		{9999999, "9,999,999 bytes"}, {10000000, "10.0 MB"}, {47110000, "47.1 MB"},
		{9999900000, "9999.9 MB"}, {10000000000, "10.0 GB"}, {UINT64_MAX, "18446744073.7 GB"}};
	char buffer[TEXT_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_string_equal(text_size(known[i].size, buffer), known[i].text);
}

static void knows_names(void **state)
{
	static const char *const good[] = {"a", "webkit2gtk", "2.50.6-1~deb12u1", "1:2.3+dfsg_x", "0"};
	static const char *const bad[] = {"", ".", "..", ".a", "-a", "~a", "a/b", "a b", "a\n", "a\xc3\xa4",
		"a%", "a=b", "+a", ":", "a\\"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(text_is_name(good[i], 64));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_is_name(bad[i], 64));
	assert_true(text_is_name("abcd", 4));
	assert_false(text_is_name("abcde", 4));
	assert_false(text_is_name("a", 0));
}

static void compares_beginnings_and_ends(void **state)
{
	(void)state;
	assert_true(text_has_prefix("abc", "ab"));
	assert_true(text_has_prefix("abc", ""));
	assert_false(text_has_prefix("ab", "abc"));
	assert_true(text_has_suffix("a.json", ".json"));
	assert_true(text_has_suffix("abc", ""));
	assert_false(text_has_suffix("c", "abc"));
	assert_false(text_has_suffix("abc", "abd"));
}

static void reads_integers(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} known[] = {{"0", 0}, {"007", 7}, {"-5", -5}, {"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN}};
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		int64_t value = 99;

		assert_done(text_to_integer(known[i].text, INT64_MIN, INT64_MAX, &value, &error), &error);
		assert_int_equal(value, known[i].value);
	}
}

static void refuses_what_is_no_integer_in_its_bounds(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-", "--1", "- 1", "0x10", "1e3", "1.5", "a", "1\n"};
	static const char *const outside[] = {
		"-1", "101", "9223372036854775808", "-9223372036854775809", "99999999999999999999999999"};
	Error error = ERROR_INIT;
	int64_t value = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(text_to_integer(bad[i], 0, 100, &value, &error), &error, "is not a number");
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		assert_fails(text_to_integer(outside[i], 0, 100, &value, &error), &error,
			"is not between 0 and 100");
	assert_int_equal(value, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_readable_text_pass),
		cmocka_unit_test(defuses_control_characters),
		cmocka_unit_test(defuses_what_is_not_utf8),
		cmocka_unit_test(formats_and_copies),
		cmocka_unit_test(counts_in_groups_of_three),
		cmocka_unit_test(names_sizes),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(compares_beginnings_and_ends),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(refuses_what_is_no_integer_in_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
