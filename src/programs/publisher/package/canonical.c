/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * package_canonical(): where a system with a merged /usr has a path
 * (https://www.freedesktop.org/wiki/Software/systemd/TheCaseForTheUsrMerge/).
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "programs/publisher/package/package.h"

static bool is_merged(const char *path)
{
	static const char *const merged[] = {"bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"};
	size_t length = strcspn(path, "/");

	for (size_t i = 0; i < ARRAY_SIZE(merged); i++)
		if (strlen(merged[i]) == length && memcmp(merged[i], path, length) == 0)
			return true;
	return false;
}

int package_canonical(const char *raw, char **ret, Error *error)
{
	CLEANUP_FREE char *path = NULL;
	size_t length, depth = 1;

	while (raw[0] == '.' && raw[1] == '/')
		raw += 2;
	length = strlen(raw);
	while (length > 1 && raw[length - 1] == '/')
		length--;
	if (length == 0 || (length == 1 && raw[0] == '.'))
		return PACKAGE_SKIP;
	if (length > PATH_LENGTH_MAX)
		return error_set(error, "holds a path of more than %d bytes", PATH_LENGTH_MAX);
	if (text_format(&path, error, "%s%.*s", is_merged(raw) ? "usr/" : "", (int)length, raw) < 0)
		return -1;
	if (path_check(path, error) < 0)
		return error_in(error, "holds a path that no package may have");
	for (const char *at = path; *at; at++)
		depth += *at == '/';
	if (depth > PACKAGE_DEPTH_MAX)
		return error_set(error, "holds a path of more than %d components", PACKAGE_DEPTH_MAX);
	*ret = TAKE_PTR(path);
	return 0;
}
