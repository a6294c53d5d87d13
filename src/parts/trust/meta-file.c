/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/meta-file.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/json.h"

int meta_file_check_hashes(json_t *hashes, Error *error)
{
	if (json_object_size(hashes) == 0)
		return error_set(error, "field \"hashes\" is empty");
	for (void *at = json_object_iter(hashes); at; at = json_object_iter_next(hashes, at))
		if (!json_is_string(json_object_iter_value(at)))
			return error_set(error, "field \"hashes\" has a digest that is not a string");
	return 0;
}

int meta_file_parse(const json_t *object, MetaFile *ret, Error *error)
{
	MetaFile file = {.length = -1};
	json_t *hashes = NULL;

	if (json_integer_field(object, "version", 1, INT64_MAX, &file.version, error) < 0)
		return -1;
	if (json_object_get(object, "length") &&
		json_integer_field(object, "length", 0, INT64_MAX, &file.length, error) < 0)
		return -1;
	if (json_object_get(object, "hashes")) {
		if (json_object_field(object, "hashes", &hashes, error) < 0 ||
			meta_file_check_hashes(hashes, error) < 0)
			return -1;
		file.hashes = hashes;
	}
	*ret = file;
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

static int check_hashes(const json_t *hashes, Bytes content, const char *role, Error *error)
{
	const struct {
		const char *name;
		const EVP_MD *algorithm;
	} known[] = {{"sha256", EVP_sha256()}, {"sha384", EVP_sha384()}, {"sha512", EVP_sha512()}};
	bool checked = false;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *hex = json_string_value(json_object_get(hashes, known[i].name));

		if (!hex)
			continue;
		if (!has_digest(content, known[i].algorithm, hex))
			return error_set(error,
				"%s metadata is not the file that was signed for: its %s differs", role,
				known[i].name);
		checked = true;
	}
	if (!checked)
		return error_set(error, "%s metadata has no hash of a known algorithm", role);
	return 0;
}

int meta_file_check(const MetaFile *file, Bytes content, const char *role, Error *error)
{
	if (file->length >= 0 && (uint64_t)file->length != content.size)
		return error_set(error,
			"%s metadata is not the file that was signed for: it has %zu bytes instead of %lld",
			role, content.size, (long long)file->length);
	return file->hashes ? check_hashes(file->hashes, content, role, error) : 0;
}
