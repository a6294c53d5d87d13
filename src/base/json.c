/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <stdlib.h>

#include "base/clock.h"

int json_parse(Bytes text, size_t max, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *value = NULL;
	json_error_t detail;

	if (text.size == 0)
		return error_set(error, "is empty");
	if (text.size > max)
		return error_set(error, "has %zu bytes, more than the %zu allowed", text.size, max);
	value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &detail);
	if (!value)
		return error_set(error, "is not valid JSON: line %d: %s", detail.line, detail.text);
	if (!json_is_object(value))
		return error_set(error, "is not a JSON object");
	*ret = TAKE_PTR(value);
	return 0;
}

static int append_text(const char *text, size_t size, void *buffer)
{
	return buffer_append(buffer, text, size, NULL);
}

int json_write(const json_t *value, Buffer *ret, Error *error)
{
	size_t before = ret->size;

	if (json_dump_callback(value, append_text, ret, JSON_SORT_KEYS | JSON_INDENT(2)) < 0 ||
		buffer_append(ret, "\n", 1, NULL) < 0) {
		buffer_cut(ret, before);
		return error_memory(error);
	}
	return 0;
}

static int field(
	const json_t *object, const char *key, json_type type, const char *kind, json_t **ret, Error *error)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		return error_set(error, "field \"%s\" is missing", key);
	if (json_typeof(value) != type)
		return error_set(error, "field \"%s\" is not %s", key, kind);
	*ret = value;
	return 0;
}

int json_string_field(const json_t *object, const char *key, size_t max, const char **ret, Error *error)
{
	json_t *value = NULL;

	if (field(object, key, JSON_STRING, "a string", &value, error) < 0)
		return -1;
	if (json_string_length(value) > max)
		return error_set(error, "field \"%s\" has more than %zu bytes", key, max);
	*ret = json_string_value(value);
	return 0;
}

int json_integer_field(
	const json_t *object, const char *key, int64_t min, int64_t max, int64_t *ret, Error *error)
{
	json_t *value = NULL;
	json_int_t number;

	if (field(object, key, JSON_INTEGER, "an integer", &value, error) < 0)
		return -1;
	number = json_integer_value(value);
	if (number < min || number > max)
		return error_set(error, "field \"%s\" is not between %lld and %lld", key, (long long)min,
			(long long)max);
	*ret = number;
	return 0;
}

int json_object_field(const json_t *object, const char *key, json_t **ret, Error *error)
{
	return field(object, key, JSON_OBJECT, "an object", ret, error);
}

int json_array_field(const json_t *object, const char *key, size_t max, json_t **ret, Error *error)
{
	json_t *value = NULL;

	if (field(object, key, JSON_ARRAY, "an array", &value, error) < 0)
		return -1;
	if (json_array_size(value) > max)
		return error_set(error, "field \"%s\" has more than %zu entries", key, max);
	*ret = value;
	return 0;
}

int json_digest_field(const json_t *object, const char *key, Digest *ret, Error *error)
{
	const char *hex;

	if (json_string_field(object, key, DIGEST_HEX_SIZE - 1, &hex, error) < 0)
		return -1;
	if (digest_from_hex(hex, ret, error) < 0)
		return error_in(error, "field \"%s\"", key);
	return 0;
}

int json_time_field(const json_t *object, const char *key, int64_t *ret, Error *error)
{
	const char *text;

	if (json_string_field(object, key, CLOCK_TEXT_SIZE - 1, &text, error) < 0)
		return -1;
	if (clock_from_text(text, ret, error) < 0)
		return error_in(error, "field \"%s\"", key);
	return 0;
}

int json_bool_field(const json_t *object, const char *key, bool *ret, Error *error)
{
	json_t *value = json_object_get(object, key);

	if (!value || !json_is_boolean(value))
		return error_set(error, "field \"%s\" is not true or false", key);
	*ret = json_boolean_value(value);
	return 0;
}

bool json_has(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}

int json_put(json_t *object, const char *key, json_t *value, Error *error)
{
	if (!value || json_object_set_new(object, key, value) < 0)
		return error_memory(error);
	return 0;
}

/* jansson's only reason to refuse a string, besides memory, is that it is not UTF-8. */
int json_put_text(json_t *object, const char *key, const char *text, Error *error)
{
	json_t *value = json_string(text);

	if (!value)
		return error_set(error, "\"%.200s\" is not valid UTF-8", text);
	return json_put(object, key, value, error);
}

int json_put_integer(json_t *object, const char *key, int64_t value, Error *error)
{
	return json_put(object, key, json_integer(value), error);
}

int json_put_digest(json_t *object, const char *key, const Digest *digest, Error *error)
{
	char hex[DIGEST_HEX_SIZE];

	return json_put_text(object, key, digest_to_hex(digest, hex), error);
}

int json_put_time(json_t *object, const char *key, int64_t seconds, Error *error)
{
	char text[CLOCK_TEXT_SIZE];

	return json_put_text(object, key, clock_to_text(seconds, text), error);
}

int json_add(json_t *array, json_t *value, Error *error)
{
	if (!value || json_array_append_new(array, value) < 0)
		return error_memory(error);
	return 0;
}
