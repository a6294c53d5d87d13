/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"

static void assert_refused(const char *text, const char *sentence)
{
	json_t *value = NULL;
	Error error = ERROR_INIT;

	assert_fails(json_parse(bytes_of_text(text), 1 << 20, &value, &error), &error, sentence);
	assert_null(value);
}

static json_t *parse(const char *text)
{
	json_t *value = NULL;
	Error error = ERROR_INIT;

	assert_done(json_parse(bytes_of_text(text), 1 << 20, &value, &error), &error);
	return value;
}

static void refuses_what_is_not_one_object(void **state)
{
	(void)state;
	assert_refused("", "is empty");
	assert_refused(" ", "is not valid JSON");
	assert_refused("[1]", "is not a JSON object");
	assert_refused("5", "is not valid JSON");
	assert_refused("{", "is not valid JSON");
	assert_refused("{} x", "is not valid JSON");
	assert_refused("{}{}", "is not valid JSON");
	assert_refused("{\"a\":1,}", "is not valid JSON");
	assert_refused("{'a':1}", "is not valid JSON");
	assert_refused("{\"a\":NaN}", "is not valid JSON");
	assert_refused("{\n\"a\":\n}", "line 3");
}

static void refuses_what_readers_disagree_about(void **state)
{
	(void)state;
	assert_refused("{\"a\":1,\"a\":2}", "is not valid JSON");
	assert_refused("{\"a\":1,\"\\u0061\":2}", "is not valid JSON");
	assert_refused("{\"b\":{\"a\":1,\"a\":1}}", "is not valid JSON");
	assert_refused("{\"a\":9223372036854775808}", "is not valid JSON");
	assert_refused("{\"a\":-9223372036854775809}", "is not valid JSON");
	assert_refused("{\"a\":1e999}", "is not valid JSON");
	assert_refused("{\"a\":\"\xff\"}", "is not valid JSON");
	assert_refused("{\"a\":\"\xc0\xaf\"}", "is not valid JSON");
	assert_refused("{\"a\":\"\\ud800\"}", "is not valid JSON");
	assert_refused("{\"a\":\"x\\u0000y\"}", "is not valid JSON");
	assert_refused("{\"a\":\"x\ny\"}", "is not valid JSON");
}

static void refuses_a_nul_between_and_behind(void **state)
{
	static const char behind[] = "{}\0{}";
	static const char within[] = "{\"a\":\"x\0y\"}";
	Error error = ERROR_INIT;
	json_t *value = NULL;

	(void)state;
	assert_fails(json_parse((Bytes){(const uint8_t *)behind, sizeof(behind) - 1}, 100, &value, &error),
		&error, "is not valid JSON");
	assert_fails(json_parse((Bytes){(const uint8_t *)within, sizeof(within) - 1}, 100, &value, &error),
		&error, "is not valid JSON");
	assert_null(value);
}

static void bounds_size_and_depth(void **state)
{
	CLEANUP_JSON json_t *value = NULL;
	CLEANUP_FREE char *deep = malloc(200001);
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(json_parse(bytes_of_text("{ }"), 2, &value, &error), &error,
		"has 3 bytes, more than the 2 allowed");
	assert_done(json_parse(bytes_of_text("{ }"), 3, &value, &error), &error);
	assert_non_null(deep);
	memcpy(deep, "{\"a\":", 5);
	memset(deep + 5, '[', 199995);
	deep[200000] = '\0';
	assert_refused(deep, "is not valid JSON");
}

static void reads_fields_of_the_right_type(void **state)
{
	CLEANUP_JSON json_t *object = parse("{\"s\":\"text\",\"i\":-7,\"o\":{},\"a\":[1,2],\"b\":false,"
					    "\"t\":\"2026-11-24T06:35:07Z\"}");
	Error error = ERROR_INIT;
	const char *text = NULL;
	json_t *child = NULL;
	int64_t number = 0;
	bool flag = true;

	(void)state;
	assert_done(json_string_field(object, "s", 4, &text, &error), &error);
	assert_string_equal(text, "text");
	assert_done(json_integer_field(object, "i", -7, -7, &number, &error), &error);
	assert_int_equal(number, -7);
	assert_done(json_object_field(object, "o", &child, &error), &error);
	assert_true(json_is_object(child));
	assert_done(json_array_field(object, "a", 2, &child, &error), &error);
	assert_int_equal(json_array_size(child), 2);
	assert_done(json_bool_field(object, "b", &flag, &error), &error);
	assert_false(flag);
	assert_done(json_time_field(object, "t", &number, &error), &error);
	assert_int_equal(number, 1795502107);
}

static void names_the_field_that_is_missing(void **state)
{
	CLEANUP_JSON json_t *object = json_object();
	Error error = ERROR_INIT;
	const char *text = NULL;
	json_t *child = NULL;
	int64_t number = 99;
	bool flag = true;
	Digest digest;

	(void)state;
	assert_fails(json_string_field(object, "x", 9, &text, &error), &error, "field \"x\" is missing");
	assert_fails(
		json_integer_field(object, "x", 0, 9, &number, &error), &error, "field \"x\" is missing");
	assert_fails(json_object_field(object, "x", &child, &error), &error, "field \"x\" is missing");
	assert_fails(json_array_field(object, "x", 9, &child, &error), &error, "field \"x\" is missing");
	assert_fails(json_digest_field(object, "x", &digest, &error), &error, "field \"x\" is missing");
	assert_fails(json_time_field(object, "x", &number, &error), &error, "field \"x\" is missing");
	assert_fails(json_bool_field(object, "x", &flag, &error), &error, "field \"x\" is not true or false");
	assert_null(text);
	assert_null(child);
	assert_int_equal(number, 99);
	assert_true(flag);
}

static void names_the_field_that_has_another_type(void **state)
{
	CLEANUP_JSON json_t *object = parse("{\"n\":null,\"r\":1.0,\"s\":\"1\",\"i\":1,\"a\":[],\"o\":{}}");
	Error error = ERROR_INIT;
	const char *text = NULL;
	json_t *child = NULL;
	int64_t number = 99;
	bool flag = true;

	(void)state;
	assert_fails(json_string_field(object, "i", 9, &text, &error), &error, "field \"i\" is not a string");
	assert_fails(json_string_field(object, "n", 9, &text, &error), &error, "field \"n\" is not a string");
	assert_fails(json_integer_field(object, "r", 0, 9, &number, &error), &error,
		"field \"r\" is not an integer");
	assert_fails(json_integer_field(object, "s", 0, 9, &number, &error), &error,
		"field \"s\" is not an integer");
	assert_fails(json_object_field(object, "a", &child, &error), &error, "field \"a\" is not an object");
	assert_fails(json_array_field(object, "o", 9, &child, &error), &error, "field \"o\" is not an array");
	assert_fails(json_bool_field(object, "i", &flag, &error), &error, "field \"i\" is not true or false");
	assert_int_equal(number, 99);
}

static void names_the_field_that_is_out_of_bounds(void **state)
{
	CLEANUP_JSON json_t *object =
		parse("{\"s\":\"text\",\"i\":7,\"a\":[1,2,3],\"d\":\"abcd\",\"t\":\"yesterday\"}");
	Error error = ERROR_INIT;
	const char *text = NULL;
	json_t *child = NULL;
	int64_t number = 99;
	Digest digest;

	(void)state;
	assert_fails(json_string_field(object, "s", 3, &text, &error), &error,
		"field \"s\" has more than 3 bytes");
	assert_fails(json_integer_field(object, "i", 8, 9, &number, &error), &error,
		"field \"i\" is not between 8 and 9");
	assert_fails(json_integer_field(object, "i", 0, 6, &number, &error), &error, "not between 0 and 6");
	assert_fails(json_array_field(object, "a", 2, &child, &error), &error,
		"field \"a\" has more than 2 entries");
	assert_fails(json_digest_field(object, "d", &digest, &error), &error, "field \"d\": is not 64");
	assert_fails(
		json_time_field(object, "t", &number, &error), &error, "field \"t\": \"yesterday\" is not");
	assert_int_equal(number, 99);
	assert_null(text);
}

static void takes_null_for_absent(void **state)
{
	CLEANUP_JSON json_t *object = parse("{\"n\":null,\"f\":false,\"z\":0}");

	(void)state;
	assert_false(json_has(object, "x"));
	assert_false(json_has(object, "n"));
	assert_true(json_has(object, "f"));
	assert_true(json_has(object, "z"));
}

static void writes_the_same_bytes_for_the_same_value(void **state)
{
	CLEANUP_JSON json_t *a = parse("{\"b\":1,\"a\":{\"d\":[],\"c\":\"\\u00e9\"}}");
	CLEANUP_JSON json_t *b = parse("{ \"a\" : { \"c\":\"\xc3\xa9\", \"d\":[ ] }, \"b\":1 }");
	CLEANUP_BUFFER Buffer first = BUFFER_INIT, second = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(json_write(a, &first, &error), &error);
	assert_done(json_write(b, &second, &error), &error);
	assert_string_equal((const char *)first.data,
		"{\n  \"a\": {\n    \"c\": \"\xc3\xa9\",\n    \"d\": []\n  },\n  \"b\": 1\n}\n");
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

static void builds_what_it_reads(void **state)
{
	CLEANUP_JSON json_t *object = json_object();
	json_t *array = json_array();
	Error error = ERROR_INIT;
	Digest digest, back;
	int64_t number = 0;
	const char *text = NULL;

	(void)state;
	assert_done(hash_bytes(bytes_of_text("x"), &digest, &error), &error);
	assert_done(json_put(object, "array", array, &error), &error);
	assert_done(json_add(array, json_integer(1), &error), &error);
	assert_done(json_put_text(object, "text", "hello", &error), &error);
	assert_done(json_put_integer(object, "integer", INT64_MIN, &error), &error);
	assert_done(json_put_digest(object, "digest", &digest, &error), &error);
	assert_done(json_put_time(object, "time", 1795502107, &error), &error);
	assert_done(json_string_field(object, "text", 5, &text, &error), &error);
	assert_string_equal(text, "hello");
	assert_done(json_integer_field(object, "integer", INT64_MIN, 0, &number, &error), &error);
	assert_true(number == INT64_MIN);
	assert_done(json_digest_field(object, "digest", &back, &error), &error);
	assert_true(digest_equal(&digest, &back));
	assert_done(json_time_field(object, "time", &number, &error), &error);
	assert_int_equal(number, 1795502107);
	assert_fails(json_put_text(object, "bad", "\xff", &error), &error, "is not valid UTF-8");
	assert_fails(json_put(object, "none", NULL, &error), &error, "out of memory");
	assert_fails(json_add(array, NULL, &error), &error, "out of memory");
	assert_false(json_has(object, "bad"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_object),
		cmocka_unit_test(refuses_what_readers_disagree_about),
		cmocka_unit_test(refuses_a_nul_between_and_behind),
		cmocka_unit_test(bounds_size_and_depth),
		cmocka_unit_test(reads_fields_of_the_right_type),
		cmocka_unit_test(names_the_field_that_is_missing),
		cmocka_unit_test(names_the_field_that_has_another_type),
		cmocka_unit_test(names_the_field_that_is_out_of_bounds),
		cmocka_unit_test(takes_null_for_absent),
		cmocka_unit_test(writes_the_same_bytes_for_the_same_value),
		cmocka_unit_test(builds_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
