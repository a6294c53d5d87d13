/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/config-files.h"
#include "engine/policy.h"

static const char drop_in_folder[] = "etc/suture/suture.conf.d";
const char config_settings_folder[] = "etc/suture";
const char config_settings_name[] = "settings.conf";

static void *place_of(Config *config, const Setting *setting)
{
	return (char *)config + setting->offset;
}

static int decode(Config *config, Error *error)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (config->values[i].text && settings_decode(&settings_table[i], config->values[i].text,
						      place_of(config, &settings_table[i]), error) < 0)
			return -1;
	return 0;
}

int config_override(Config *config, const char *key, const char *value, Error *error)
{
	int index = settings_find(key, error);
	CLEANUP_FREE char *copy = NULL;

	if (!value)
		return 0;
	if (index < 0 || policy_check_setting(config, index, error) < 0 ||
		settings_check(&settings_table[index], value, error) < 0 ||
		text_copy(value, &copy, error) < 0)
		return -1;
	settings_value_clear(&config->values[index]);
	config->values[index] = (SettingValue){.text = TAKE_PTR(copy), .source = SOURCE_COMMAND_LINE};
	return decode(config, error);
}

static int read_drop_ins(int root_fd, SettingsLayer *layer, Error *error)
{
	CLEANUP_CONFIG_FILES ConfigFiles files = {NULL, 0};

	if (config_files_list(root_fd, drop_in_folder, &files, error) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++)
		if (!files.items[i].masked && config_files_read(root_fd, files.items[i].path,
						      SOURCE_ADMINISTRATOR, layer, error) < 0)
			return -1;
	return 0;
}

int config_read_chosen(int root_fd, SettingsLayer *layer, Error *error)
{
	return config_files_read(root_fd, "etc/suture/settings.conf", SOURCE_SETTINGS, layer, error) < 0 ? -1
													 : 0;
}

/* The vendor ships its root with the OS; an administrator's own one, for a fleet's repository, wins. */
static int default_trust(int root_fd, const char *root, SettingValue *value, Error *error)
{
	static const char *const places[] = {"etc/suture/root.json", "usr/lib/suture/root.json"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (faccessat(root_fd, places[i], F_OK, 0) == 0)
			return path_join(root, places[i], &value->text, error);
	return 0;
}

/* A symlink on the way is one of the root's: whoever works on another system's tree must not be led out of
 * it.
 */
static int default_state(int root_fd, const char *root, SettingValue *value, Error *error)
{
	static const struct {
		const char *there, *rest;
	} places[] = {{"var/lib/suture", NULL}, {"var/lib", "suture"}, {"var", "lib/suture"}};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP_CLOSE int fd = file_open_in_root(root_fd, places[i].there, O_PATH | O_DIRECTORY);
		CLEANUP_FREE char *real = NULL;
		char link[40];

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		real = fd < 0 ? NULL : realpath(link, NULL);
		if (real && places[i].rest)
			return path_join(real, places[i].rest, &value->text, error);
		if (real) {
			value->text = TAKE_PTR(real);
			return 0;
		}
	}
	return path_join(root, "var/lib/suture", &value->text, error);
}

static int put_default(int root_fd, const char *root, int index, SettingValue *value, Error *error)
{
	const Setting *setting = &settings_table[index];

	if (setting->initial)
		return text_copy(setting->initial, &value->text, error);
	if (strcmp(setting->key, "State") == 0)
		return default_state(root_fd, root, value, error);
	return strcmp(setting->key, "TrustedRoot") == 0 ? default_trust(root_fd, root, value, error) : 0;
}

/* What the layers say goes to the configuration, the last one's word first. */
static int merge(int root_fd, const char *root, SettingsLayer *chosen, SettingsLayer *policy, Config *config,
	Error *error)
{
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		SettingsLayer *from = policy->values[i].text ? policy : chosen;

		config->values[i] = from->values[i];
		from->values[i] = (SettingValue){.text = NULL};
		if (!config->values[i].text && put_default(root_fd, root, i, &config->values[i], error) < 0)
			return -1;
	}
	if (policy->pins.n > 0)
		config->values[settings_find("Pin", NULL)].source = SOURCE_POLICY;
	config->policy.pins = policy->pins;
	policy->pins = (Pins){NULL, 0};
	config->policy.problem = TAKE_PTR(policy->problem);
	return decode(config, error);
}

int config_load(int root_fd, const char *root, Config *ret, Error *error)
{
	CLEANUP_SETTINGS_LAYER SettingsLayer chosen = {.problem = NULL};
	CLEANUP_SETTINGS_LAYER SettingsLayer policy = {.problem = NULL};
	Config config = {.repository = NULL};

	if (config_files_read(root_fd, "usr/lib/suture/suture.conf", SOURCE_VENDOR, &chosen, error) < 0 ||
		config_files_read(root_fd, "etc/suture/suture.conf", SOURCE_ADMINISTRATOR, &chosen, error) <
			0 ||
		read_drop_ins(root_fd, &chosen, error) < 0 ||
		config_read_chosen(root_fd, &chosen, error) < 0 || policy_read(root_fd, &policy, error) < 0)
		return -1;
	if (merge(root_fd, root, &chosen, &policy, &config, error) < 0) {
		config_clear(&config);
		return -1;
	}
	*ret = config;
	return 0;
}

void config_clear(Config *config)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		settings_value_clear(&config->values[i]);
	pins_clear(&config->policy.pins);
	free(config->policy.problem);
	*config = (Config){.repository = NULL};
}
