/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * "suture settings KEY=VALUE": writes etc/suture/settings.conf, which is this command's alone.
 */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/context.h"
#include "engine/policy.h"
#include "engine/suspension.h"
#include "parts/fetch/url.h"

static const char heading[] = "# Written by \"suture settings\", which keeps values but no comments.\n";

/* Everybody may read what is set here. */
static int check_url(const char *url, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (*url == '\0')
		return 0;
	if (url_check(url, error) < 0 || url_for_people(url, &shown, error) < 0)
		return -1;
	return strcmp(url, shown) == 0
		       ? 0
		       : error_set(error, "a password is not for everybody's eyes: put the URL into "
					  "/etc/suture/suture.conf.d, in a file that only root can read");
}

/* One line of the file, which is read as it was meant. */
static int check_line(const char *value, Error *error)
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return error_set(error, "a value has no control characters");
	if (length > 0 && (value[0] == ' ' || value[length - 1] == ' '))
		return error_set(error, "a value neither begins nor ends with a blank");
	return 0;
}

static int check(const Config *config, int index, const char *value, Error *error)
{
	const Setting *setting = &settings_table[index];

	if (policy_check(config, error) < 0)
		return -1;
	if (settings_is_policy(setting))
		return error_set(error, "%s= is for a policy: write it to a file in /etc/suture/policy.d",
			setting->key);
	if (policy_check_setting(config, index, error) < 0 || check_line(value, error) < 0 ||
		settings_check(setting, value, error) < 0)
		return -1;
	return strcmp(setting->key, "Repository") == 0 ? check_url(value, error) : 0;
}

static int open_folder(int root_fd, int *ret, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, config_settings_folder, O_RDONLY | O_DIRECTORY);

	if (fd < 0 && errno == ENOENT) {
		CLEANUP_CLOSE int etc = file_open_in_root(root_fd, "etc", O_RDONLY | O_DIRECTORY);

		if (etc < 0 || mkdirat(etc, "suture", 0755) < 0)
			return error_os(error, errno, "cannot make the directory %s", config_settings_folder);
		if (file_sync_parent(etc, "suture", error) < 0)
			return -1;
		fd = file_open_in_root(root_fd, config_settings_folder, O_RDONLY | O_DIRECTORY);
	}
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", config_settings_folder);
	*ret = TAKE_FD(fd);
	return 0;
}

static int format(const SettingsLayer *layer, Buffer *text, Error *error)
{
	const char *section = NULL;

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const Setting *setting = &settings_table[i];

		if (!layer->values[i].text)
			continue;
		if (!section && buffer_append_format(text, error, "%s", heading) < 0)
			return -1;
		if ((!section || strcmp(section, setting->section) != 0) &&
			buffer_append_format(text, error, "[%s]\n", setting->section) < 0)
			return -1;
		section = setting->section;
		if (buffer_append_format(text, error, "%s=%s\n", setting->key, layer->values[i].text) < 0)
			return -1;
	}
	return 0;
}

static int write_layer(int folder, const SettingsLayer *layer, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	struct stat status = {.st_mode = 0644};

	if (format(layer, &text, error) < 0)
		return -1;
	if (text.size == 0)
		return file_remove(folder, config_settings_name, error) < 0
			       ? -1
			       : file_sync_parent(folder, config_settings_name, error);
	if (fstatat(folder, config_settings_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		!S_ISREG(status.st_mode))
		return error_set(
			error, "%s/%s is no regular file", config_settings_folder, config_settings_name);
	return file_replace(
		folder, config_settings_name, buffer_bytes(&text), status.st_mode & ALLPERMS, error);
}

static int change(int root_fd, int index, const char *value, Error *error)
{
	CLEANUP_SETTINGS_LAYER SettingsLayer layer = {.problem = NULL};
	CLEANUP_CLOSE int folder = -1;

	if (config_read_chosen(root_fd, &layer, error) < 0 ||
		settings_take(&layer, index, value, &(SettingOrigin){.source = SOURCE_SETTINGS}, error) < 0 ||
		open_folder(root_fd, &folder, error) < 0)
		return -1;
	return write_layer(folder, &layer, error);
}

int engine_set(Engine *engine, const char *key, const char *value, Error *error)
{
	int index = settings_find(key, error);
	CLEANUP_CLOSE int lock = -1;

	if (index < 0 || check(&engine->config, index, value, error) < 0 || context_check_root(error) < 0 ||
		/* Two at once must not lose one of their values. */
		suspension_lock(engine->root_fd, &lock, error) < 0)
		return -1;
	return change(engine->root_fd, index, value, error);
}
