/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/updater-name.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/text.h"

/* Leaves room for a version before and a temporary suffix behind it in the 255 bytes of a file name. */
enum { ENCODED_MAX = 200 };

static int encode(const char *text, const char *also_plain, Buffer *ret, Error *error)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text; text++) {
		bool keep = strchr(plain, *text) || strchr(also_plain, *text);
		int done = keep ? buffer_append(ret, text, 1, error)
				: buffer_append_format(ret, error, "%%%02X", (unsigned char)*text);

		if (done < 0)
			return -1;
	}
	return 0;
}

int updater_name_of_role(const char *role, int64_t version, char **ret, Error *error)
{
	CLEANUP_BUFFER Buffer name = BUFFER_INIT;

	if (encode(role, "", &name, error) < 0)
		return -1;
	if (name.size == 0 || name.size > ENCODED_MAX)
		return error_set(error, "the role name \"%.200s\" does not fit a file name", role);
	if (version == 0)
		return text_format(ret, error, "%s.json", (const char *)name.data);
	return text_format(ret, error, "%lld.%s.json", (long long)version, (const char *)name.data);
}

int updater_name_flat(const char *path, char **ret, Error *error)
{
	CLEANUP_BUFFER Buffer name = BUFFER_INIT;
	char hex[DIGEST_HEX_SIZE];
	Digest digest;

	if (path_check(path, error) < 0 || encode(path, "", &name, error) < 0)
		return -1;
	if (name.size <= ENCODED_MAX)
		return text_copy((const char *)name.data, ret, error);
	if (hash_bytes(bytes_of_text(path), &digest, error) < 0)
		return -1;
	return text_copy(digest_to_hex(&digest, hex), ret, error);
}

int updater_name_of_target(const char *path, const char *digest, char **ret, Error *error)
{
	const char *base = path_basename(path);
	CLEANUP_FREE char *directory = NULL;
	CLEANUP_BUFFER Buffer name = BUFFER_INIT;

	if (path_check(path, error) < 0 ||
		text_format(&directory, error, "%.*s", (int)(base - path), path) < 0 ||
		encode(directory, "/", &name, error) < 0)
		return -1;
	if (digest && (!*digest || strspn(digest, "0123456789abcdefABCDEF") != strlen(digest)))
		return error_set(error, "%s has a digest that is not hexadecimal", path);
	if (digest && buffer_append_format(&name, error, "%s.", digest) < 0)
		return -1;
	if (encode(base, "", &name, error) < 0)
		return -1;
	return text_copy((const char *)name.data, ret, error);
}
