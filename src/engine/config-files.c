/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/config-files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

enum { CONFIG_SIZE_MAX = 64 * 1024, DROP_INS_MAX = 256 };

void config_files_clear(ConfigFiles *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->items[i].path);
	free(files->items);
	*files = (ConfigFiles){NULL, 0};
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const ConfigFile *)a)->path, ((const ConfigFile *)b)->path);
}

static bool is_drop_in(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && text_has_suffix(entry->d_name, ".conf");
}

static bool is_masked(int folder, const char *name)
{
	static const char nothing[] = "/dev/null";
	char target[sizeof(nothing)];
	ssize_t n = readlinkat(folder, name, target, sizeof(target));

	return n == sizeof(nothing) - 1 && memcmp(target, nothing, sizeof(nothing) - 1) == 0;
}

static int append(ConfigFiles *files, const char *folder, int fd, const char *name, Error *error)
{
	ConfigFile *items = reallocarray(files->items, files->n + 1, sizeof(*items));
	ConfigFile file = {.masked = is_masked(fd, name)};

	if (!items)
		return error_memory(error);
	files->items = items;
	if (path_join(folder, name, &file.path, error) < 0)
		return -1;
	items[files->n++] = file;
	return 0;
}

int config_files_list(int root_fd, const char *folder, ConfigFiles *files, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, folder, O_RDONLY | O_DIRECTORY);
	CLEANUP(closedir) DIR *listing = NULL;
	size_t first = files->n;
	struct dirent *entry;

	if (fd < 0 && errno == ENOENT)
		return 0;
	listing = fd < 0 ? NULL : fdopendir(fd);
	if (!listing)
		return error_os(error, errno, "cannot list %s", folder);
	(void)TAKE_FD(fd);
	while (errno = 0, (entry = readdir(listing))) {
		if (!is_drop_in(entry))
			continue;
		if (files->n - first == DROP_INS_MAX)
			return error_set(error, "more than %d files in %s", DROP_INS_MAX, folder);
		if (append(files, folder, dirfd(listing), entry->d_name, error) < 0)
			return -1;
	}
	if (errno != 0)
		return error_os(error, errno, "cannot list %s", folder);
	if (files->n > first)
		qsort(files->items + first, files->n - first, sizeof(*files->items), compare);
	return 0;
}

int config_files_read(int root_fd, const char *path, SettingSource source, SettingsLayer *layer, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	CLEANUP_MAP FileMap map = {NULL, 0};
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (fd < 0 && errno == ENOENT)
		return FILE_ABSENT;
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (file_map(fd, CONFIG_SIZE_MAX, path, &map, error) < 0 ||
		buffer_append(&text, map.data, map.size, error) < 0)
		return -1;
	if (text.size == 0)
		return 0;
	/* The lines behind it would be silently off. */
	if (memchr(text.data, '\0', text.size))
		return error_set(error, "%s holds a zero byte", path);
	return settings_parse(layer, (char *)text.data, path, source, error);
}
