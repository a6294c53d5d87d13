/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include <string.h>

#include "base/text.h"

bool path_is_safe(const char *path)
{
	size_t length = strnlen(path, PATH_LENGTH_MAX + 1);
	const char *component = path;

	if (length == 0 || length > PATH_LENGTH_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	for (;;) {
		size_t n = strcspn(component, "/");
		bool dots = (n == 1 && component[0] == '.') ||
			    (n == 2 && component[0] == '.' && component[1] == '.');

		if (n == 0 || n > 255 || dots)
			return false;
		if (component[n] == '\0')
			return true;
		component += n + 1;
	}
}

int path_check(const char *path, Error *error)
{
	if (!path_is_safe(path))
		return error_set(error, "\"%.200s\" is not a safe relative path", path);
	return 0;
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int path_join(const char *directory, const char *name, char **ret, Error *error)
{
	bool slash = text_has_suffix(directory, "/");

	return text_format(ret, error, "%s%s%s", directory, slash || !*directory ? "" : "/", name);
}
