/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/canonical.h"

#include "base/json.h"
#include "base/test.h"

static void assert_canonical(const char *text, const char *expected)
{
	CLEANUP_JSON json_t *value = NULL;
	CLEANUP_BUFFER Buffer canonical = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(json_parse(bytes_of_text(text), 4096, &value, &error), &error);
	assert_done(canonical_write(value, &canonical, &error), &error);
	assert_string_equal((const char *)canonical.data, expected);
}

static void assert_refused(const char *text, const char *why)
{
	CLEANUP_JSON json_t *value = NULL;
	CLEANUP_BUFFER Buffer canonical = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(json_parse(bytes_of_text(text), 65536, &value, &error), &error);
	assert_fails(canonical_write(value, &canonical, &error), &error, why);
}

static void sorts_keys_by_their_bytes_and_drops_blanks(void **state)
{
	(void)state;
	assert_canonical("{ \"b\" : 1,\n \"a\": [ true, false , null ], \"B\": {}, \"\": [] }",
		"{\"\":[],\"B\":{},\"a\":[true,false,null],\"b\":1}");
	/* U+FF61 sorts before U+1F600 as UTF-8 does, not as UTF-16 would. */
	assert_canonical(
		"{\"\\ud83d\\ude00\": 1, \"\\uff61\": 2}", "{\"\xef\xbd\xa1\":2,\"\xf0\x9f\x98\x80\":1}");
}

static void escapes_only_quotes_and_backslashes(void **state)
{
	(void)state;
	assert_canonical(
		"{\"a\": \"\\\"\\\\\\/\\n\\t\\u00e9\\u0001\"}", "{\"a\":\"\\\"\\\\/\n\t\xc3\xa9\x01\"}");
}

static void keeps_big_integers(void **state)
{
	(void)state;
	assert_canonical("{\"a\": 9223372036854775807, \"b\": -9223372036854775808, \"c\": -0}",
		"{\"a\":9223372036854775807,\"b\":-9223372036854775808,\"c\":0}");
}

static void refuses_numbers_without_a_canonical_form(void **state)
{
	(void)state;
	assert_refused("{\"a\": 1.0}", "not an integer");
	assert_refused("{\"a\": [1e3]}", "not an integer");
}

static void refuses_endless_nesting(void **state)
{
	char text[1024] = "{\"a\":";

	(void)state;
	memset(text + 5, '[', 100);
	memset(text + 105, ']', 100);
	memcpy(text + 205, "}", 2);
	assert_refused(text, "nested deeper than 64 levels");
}

static void digests_the_canonical_form(void **state)
{
	CLEANUP_JSON json_t *one = json_pack("{s:i, s:i}", "a", 1, "b", 2);
	CLEANUP_JSON json_t *same = json_pack("{s:i, s:i}", "b", 2, "a", 1);
	Digest first, second, expected;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(canonical_digest(one, &first, &error), &error);
	assert_done(canonical_digest(same, &second, &error), &error);
	assert_done(hash_bytes(bytes_of_text("{\"a\":1,\"b\":2}"), &expected, &error), &error);
	assert_true(digest_equal(&first, &second));
	assert_true(digest_equal(&first, &expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_keys_by_their_bytes_and_drops_blanks),
		cmocka_unit_test(escapes_only_quotes_and_backslashes),
		cmocka_unit_test(keeps_big_integers),
		cmocka_unit_test(refuses_numbers_without_a_canonical_form),
		cmocka_unit_test(refuses_endless_nesting),
		cmocka_unit_test(digests_the_canonical_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
