/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON from strangers, through jansson: bounded, without duplicate keys, and read by getters that name the
 * field in their sentence. Values that the getters return belong to the document.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

static inline void json_clear_cleanup(json_t **place)
{
	json_decref(*place);
}
#define CLEANUP_JSON __attribute__((cleanup(json_clear_cleanup)))

/* One whole document, an object at the top. Refused: more than max bytes, duplicate keys, numbers that do
 * not fit, invalid UTF-8, anything behind the end. */
int json_parse(Bytes text, size_t max, json_t **ret, Error *error);

/* Sorted keys, two spaces of indentation, a newline at the end: the same value is always the same bytes. */
int json_write(const json_t *value, Buffer *ret, Error *error);

/* Required fields of an object. Strings have at most max bytes; numbers lie within [min, max]. */
int json_string_field(const json_t *object, const char *key, size_t max, const char **ret, Error *error);
int json_integer_field(
	const json_t *object, const char *key, int64_t min, int64_t max, int64_t *ret, Error *error);
int json_object_field(const json_t *object, const char *key, json_t **ret, Error *error);
int json_array_field(const json_t *object, const char *key, size_t max, json_t **ret, Error *error);
int json_digest_field(const json_t *object, const char *key, Digest *ret, Error *error);
int json_time_field(const json_t *object, const char *key, int64_t *ret, Error *error);
int json_bool_field(const json_t *object, const char *key, bool *ret, Error *error);

/* Is the field there at all (null counts as absent)? For optional ones. */
bool json_has(const json_t *object, const char *key);

/* Building: sets key to a new value; the reference to value is always taken, also on failure. */
int json_put(json_t *object, const char *key, json_t *value, Error *error);
int json_put_text(json_t *object, const char *key, const char *text, Error *error);
int json_put_integer(json_t *object, const char *key, int64_t value, Error *error);
int json_put_digest(json_t *object, const char *key, const Digest *digest, Error *error);
int json_put_time(json_t *object, const char *key, int64_t seconds, Error *error);
int json_add(json_t *array, json_t *value, Error *error);
