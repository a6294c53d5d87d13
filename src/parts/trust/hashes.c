/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/hashes.h"

#include <openssl/evp.h>
#include <string.h>

static const struct {
	const char *name;
	const EVP_MD *(*algorithm)(void);
} known[] = {{"sha256", EVP_sha256}, {"sha512", EVP_sha512}, {"sha384", EVP_sha384}};

int hashes_check(json_t *hashes, Error *error)
{
	if (json_object_size(hashes) == 0)
		return error_set(error, "field \"hashes\" is empty");
	for (void *at = json_object_iter(hashes); at; at = json_object_iter_next(hashes, at))
		if (!json_is_string(json_object_iter_value(at)))
			return error_set(error, "field \"hashes\" has a digest that is not a string");
	return 0;
}

static bool has_digest(Bytes content, const EVP_MD *algorithm, const char *hex)
{
	uint8_t actual[EVP_MAX_MD_SIZE], expected[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (EVP_Digest(content.data, content.size, actual, &size, algorithm, NULL) != 1)
		return false;
	return hex_decode(hex, expected, size, NULL) == 0 && memcmp(actual, expected, size) == 0;
}

int hashes_match(const json_t *hashes, Bytes content, const char **ret_algorithm)
{
	int matched = HASHES_UNKNOWN;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *hex = json_string_value(json_object_get(hashes, known[i].name));

		if (!hex)
			continue;
		if (!has_digest(content, known[i].algorithm(), hex)) {
			*ret_algorithm = known[i].name;
			return HASHES_DIFFER;
		}
		matched = 0;
	}
	return matched;
}

const char *hashes_name(const json_t *hashes)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *hex = json_string_value(json_object_get(hashes, known[i].name));

		if (hex)
			return hex;
	}
	return NULL;
}
