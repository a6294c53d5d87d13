/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files that configuration is read from: bounded, below the root whatever symlinks it holds.
 */

#include <stdbool.h>

#include "base/bytes.h"
#include "engine/settings.h"

/* FOLDER/NAME.conf */
typedef struct ConfigFile {
	char *path;  /* below the root */
	bool masked; /* a symlink to /dev/null: as if neither it nor another of its name were there */
} ConfigFile;

typedef struct ConfigFiles {
	ConfigFile *items;
	size_t n;
} ConfigFiles;

void config_files_clear(ConfigFiles *files);
static inline void config_files_clear_cleanup(ConfigFiles *files)
{
	config_files_clear(files);
}
#define CLEANUP_CONFIG_FILES __attribute__((cleanup(config_files_clear_cleanup)))

/* Appends the drop-ins of a folder, in the order of their names; none where the folder is absent. */
int config_files_list(int root_fd, const char *folder, ConfigFiles *files, Error *error);

/* Takes what the file says; FILE_ABSENT (base/file.h) when there is none. */
int config_files_read(
	int root_fd, const char *path, SettingSource source, SettingsLayer *layer, Error *error);
