/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/meta-file.h"

#include "base/json.h"
#include "parts/trust/hashes.h"

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
			hashes_check(hashes, error) < 0)
			return -1;
		file.hashes = hashes;
	}
	*ret = file;
	return 0;
}

static int check_hashes(const json_t *hashes, Bytes content, const char *role, Error *error)
{
	const char *wrong = NULL;
	int matched = hashes_match(hashes, content, &wrong);

	if (matched == HASHES_DIFFER)
		return error_set(error, "%s metadata is not the file that was signed for: its %s differs",
			role, wrong);
	if (matched == HASHES_UNKNOWN)
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
