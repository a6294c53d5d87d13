/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/canonical.h"

#include <stdlib.h>
#include <string.h>

static int write_value(json_t *value, unsigned depth, Buffer *ret, Error *error);

static int write_text(const char *text, Buffer *ret, Error *error)
{
	if (buffer_append(ret, "\"", 1, error) < 0)
		return -1;
	while (*text) {
		size_t plain = strcspn(text, "\"\\");

		if (buffer_append(ret, text, plain, error) < 0)
			return -1;
		text += plain;
		if (!*text)
			break;
		if (buffer_append(ret, "\\", 1, error) < 0 || buffer_append(ret, text, 1, error) < 0)
			return -1;
		text++;
	}
	return buffer_append(ret, "\"", 1, error);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_keys(json_t *object, const char ***ret, Error *error)
{
	const char **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
	size_t n = 0;

	if (!keys)
		return error_memory(error);
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		keys[n++] = json_object_iter_key(at);
	qsort(keys, n, sizeof(*keys), compare_keys);
	*ret = keys;
	return 0;
}

static int write_object(json_t *object, unsigned depth, Buffer *ret, Error *error)
{
	CLEANUP_FREE const char **keys = NULL;

	if (sort_keys(object, &keys, error) < 0 || buffer_append(ret, "{", 1, error) < 0)
		return -1;
	for (size_t i = 0; keys[i]; i++) {
		if (i > 0 && buffer_append(ret, ",", 1, error) < 0)
			return -1;
		if (write_text(keys[i], ret, error) < 0 || buffer_append(ret, ":", 1, error) < 0 ||
			write_value(json_object_get(object, keys[i]), depth + 1, ret, error) < 0)
			return -1;
	}
	return buffer_append(ret, "}", 1, error);
}

static int write_array(json_t *array, unsigned depth, Buffer *ret, Error *error)
{
	if (buffer_append(ret, "[", 1, error) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (i > 0 && buffer_append(ret, ",", 1, error) < 0)
			return -1;
		if (write_value(json_array_get(array, i), depth + 1, ret, error) < 0)
			return -1;
	}
	return buffer_append(ret, "]", 1, error);
}

static int write_value(json_t *value, unsigned depth, Buffer *ret, Error *error)
{
	if (depth > CANONICAL_DEPTH_MAX)
		return error_set(error, "is nested deeper than %d levels", CANONICAL_DEPTH_MAX);
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return write_object(value, depth, ret, error);
	case JSON_ARRAY:
		return write_array(value, depth, ret, error);
	case JSON_STRING:
		return write_text(json_string_value(value), ret, error);
	case JSON_INTEGER:
		return buffer_append_format(ret, error, "%lld", (long long)json_integer_value(value));
	case JSON_TRUE:
		return buffer_append(ret, "true", 4, error);
	case JSON_FALSE:
		return buffer_append(ret, "false", 5, error);
	case JSON_NULL:
		return buffer_append(ret, "null", 4, error);
	case JSON_REAL:
		break;
	}
	return error_set(error, "has a number that is not an integer, which canonical JSON does not know");
}

int canonical_write(json_t *value, Buffer *ret, Error *error)
{
	return write_value(value, 0, ret, error);
}

int canonical_digest(json_t *value, Digest *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (canonical_write(value, &text, error) < 0)
		return -1;
	return hash_bytes(buffer_bytes(&text), ret, error);
}
