/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/policy.h"

#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "engine/config-files.h"

static const char vendor_folder[] = "usr/lib/suture/policy.d";
static const char administrator_folder[] = "etc/suture/policy.d";

static bool is_replaced(const ConfigFile *file, const ConfigFiles *by)
{
	for (size_t i = 0; i < by->n; i++)
		if (strcmp(path_basename(file->path), path_basename(by->items[i].path)) == 0)
			return true;
	return false;
}

/* A file that is listed, and cannot be opened, is a symlink that leads nowhere. */
static int read_file(int root_fd, const char *path, SettingsLayer *layer, Error *error)
{
	Error why = ERROR_INIT;
	int r = config_files_read(root_fd, path, SOURCE_POLICY, layer, &why);

	if (r == FILE_ABSENT)
		(void)error_set(&why, "%s leads nowhere", path);
	return r == 0 ? 0 : settings_note_problem(layer, &why, error);
}

static int read_files(
	int root_fd, const ConfigFiles *files, const ConfigFiles *over, SettingsLayer *layer, Error *error)
{
	for (size_t i = 0; i < files->n; i++)
		if (!files->items[i].masked && !(over && is_replaced(&files->items[i], over)) &&
			read_file(root_fd, files->items[i].path, layer, error) < 0)
			return -1;
	return 0;
}

int policy_read(int root_fd, SettingsLayer *layer, Error *error)
{
	CLEANUP_CONFIG_FILES ConfigFiles vendor = {NULL, 0};
	CLEANUP_CONFIG_FILES ConfigFiles administrator = {NULL, 0};
	Error why = ERROR_INIT;

	if ((config_files_list(root_fd, vendor_folder, &vendor, &why) < 0 ||
		    config_files_list(root_fd, administrator_folder, &administrator, &why) < 0) &&
		settings_note_problem(layer, &why, error) < 0)
		return -1;
	if (read_files(root_fd, &vendor, &administrator, layer, error) < 0)
		return -1;
	return read_files(root_fd, &administrator, NULL, layer, error);
}

int policy_check(const Config *config, Error *error)
{
	if (!config->policy.problem)
		return 0;
	return error_set(
		error, "%.800s: nothing is changed until this policy is mended", config->policy.problem);
}

static const char *file_of(const Config *config, const char *key)
{
	return config->values[settings_find(key, NULL)].file;
}

int policy_check_removal(const Config *config, Error *error)
{
	if (policy_check(config, error) < 0)
		return -1;
	if (config->policy.removal)
		return 0;
	return error_set(
		error, "improvements may not be removed here: Removal=no in /%s", file_of(config, "Removal"));
}

int policy_check_install(const Config *config, Error *error)
{
	if (policy_check(config, error) < 0)
		return -1;
	if (config->policy.manual_install)
		return 0;
	return error_set(error,
		"improvements are not installed by hand here, they come by themselves: ManualInstall=no in "
		"/%s",
		file_of(config, "ManualInstall"));
}

int policy_check_setting(const Config *config, int index, Error *error)
{
	const SettingValue *value = &config->values[index];

	if (value->source != SOURCE_POLICY)
		return 0;
	return error_set(error, "%s=%s is the policy here and cannot be changed: /%s:%u",
		settings_table[index].key, value->text, value->file, value->line);
}
