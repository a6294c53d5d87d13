/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/lifetimes.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/trust/signer/signer.h"

enum { FILE_SIZE_MAX = 64 * 1024, DAY = 24 * 3600 };

static const struct {
	const char *name;
	size_t offset;
} keys[] = {
	{"RootDays", offsetof(Lifetimes, root)},
	{"TargetsDays", offsetof(Lifetimes, targets)},
	{"SnapshotDays", offsetof(Lifetimes, snapshot)},
	{"TimestampDays", offsetof(Lifetimes, timestamp)},
};

static int set(void *userdata, const char *key, const char *value, Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int64_t days = 0;

		if (strcmp(keys[i].name, key) != 0)
			continue;
		if (text_to_integer(value, 1, LIFETIME_MAX / DAY, &days, error) < 0)
			return error_in(error, "%s", key);
		*(int64_t *)((char *)userdata + keys[i].offset) = days * DAY;
		return 0;
	}
	return ini_unknown(key, error);
}

int lifetimes_read(const char *directory, Lifetimes *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_FREE char *path = NULL;
	Lifetimes lifetimes = SIGNER_DEFAULT_LIFETIMES;
	int read;

	if (path_join(directory, "publish.conf", &path, error) < 0)
		return -1;
	read = file_read(AT_FDCWD, path, FILE_SIZE_MAX, &text, error);
	if (read < 0 ||
		(text.size > 0 && ini_parse((char *)text.data, path, "Publish", set, &lifetimes, error) < 0))
		return -1;
	*ret = lifetimes;
	return 0;
}
