/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/ini.h"
#include "base/language.h"
#include "base/text.h"
#include "engine/config.h"

#define AT(field) offsetof(Config, field)

enum { VALUE_SIZE_MAX = 4096 };

static const char policy_section[] = "Policy";

static const char *const when_words[] = {"never", "urgent", "always", NULL};

const Setting settings_table[SETTINGS_COUNT] = {
	{"Suture", "Repository", SETTING_TEXT, AT(repository), NULL,
		N_("URL of the repository, http:// or https://")},
	{"Suture", "TrustedRoot", SETTING_TEXT, AT(trust), NULL,
		N_("file with the TUF root metadata that is trusted at first")},
	{"Suture", "State", SETTING_TEXT, AT(state), NULL, N_("the state directory")},
	{"Suture", "Proxy", SETTING_TEXT, AT(proxy), NULL,
		N_("URL of the proxy, or none; the environment's where nothing is set")},
	{"Suture", "TimeLimit", SETTING_NUMBER, AT(time_limit), "14400",
		N_("seconds that all downloads of one run may take"), 1, 30 * 24 * 60 * 60},
	{"Suture", "Integrity", SETTING_WORD, AT(integrity), "any", N_("what must guard an image"),
		.words = integrity_words},
	{"Automatic", "Install", SETTING_FLAG, AT(automatic.install), "yes",
		N_("install improvements without being asked")},
	{"Automatic", "Restart", SETTING_FLAG, AT(automatic.restart), "no",
		N_("restart exposed services without being asked")},
	{"Automatic", "RestartDeadlineHours", SETTING_NUMBER, AT(automatic.restart_deadline), "0",
		N_("hours after which services are restarted that people are only asked about; 0: never"), 0,
		30 * 24},
	{"Automatic", "Window", SETTING_WINDOW, AT(automatic.window), "any",
		N_("when, in local time, that may be done: Mon..Fri 02:00-05:00, Sat,Sun 00:00-24:00")},
	{"Automatic", "DeferDays", SETTING_NUMBER, AT(automatic.defer_days), "0",
		N_("days after its release that an improvement which is not urgent waits"), 0, 30},
	{"Automatic", "Metered", SETTING_WORD, AT(automatic.metered), "never",
		N_("what is done on a metered network"), .words = when_words},
	{"Automatic", "Battery", SETTING_NUMBER, AT(automatic.battery), "10",
		N_("percent of charge below which, on battery, nothing is done"), 0, 100},
	{"Automatic", "BatterySaver", SETTING_WORD, AT(automatic.battery_saver), "never",
		N_("what is done while power is saved"), .words = when_words},
	{"Watch", "Crashes", SETTING_NUMBER, AT(watch.crashes), "3",
		N_("how many crashes revert the improvement whose bytes were in use"), 1, 100},
	{"Watch", "CrashMinutes", SETTING_NUMBER, AT(watch.minutes), "10",
		N_("within how many minutes they do"), 1, 24 * 60},
	{"Watch", "WatchHours", SETTING_NUMBER, AT(watch.hours), "24",
		N_("for how many hours an improvement is watched; 0: not at all"), 0, 30 * 24},
	{"Watch", "UserCrashes", SETTING_FLAG, AT(watch.users), "no",
		N_("crashes of programs that ordinary users have started count as well")},
	{"Policy", "Removal", SETTING_FLAG, AT(policy.removal), "yes",
		N_("people may take improvements off")},
	{"Policy", "ManualInstall", SETTING_FLAG, AT(policy.manual_install), "yes",
		N_("people may install improvements")},
	{"Policy", "Pin", SETTING_PINS, AT(policy.pins), NULL,
		N_("COMPONENT LETTER, or COMPONENT base: nothing beyond that is installed")},
};

static const char *const source_names[] = {
	[SOURCE_DEFAULT] = N_("default"),
	[SOURCE_VENDOR] = N_("vendor"),
	[SOURCE_ADMINISTRATOR] = N_("administrator"),
	[SOURCE_SETTINGS] = N_("settings"),
	[SOURCE_COMMAND_LINE] = N_("command-line"),
	[SOURCE_POLICY] = N_("policy"),
};

bool settings_is_policy(const Setting *setting)
{
	return strcmp(setting->section, policy_section) == 0;
}

const char *settings_source_name(SettingSource source)
{
	return source_names[source];
}

/* Whoever has only the case wrong is told. */
int settings_find(const char *key, Error *error)
{
	const char *alike = NULL;

	for (int i = 0; i < SETTINGS_COUNT; i++) {
		if (strcmp(key, settings_table[i].key) == 0)
			return i;
		if (strcasecmp(key, settings_table[i].key) == 0)
			alike = settings_table[i].key;
	}
	(void)ini_unknown(key, error);
	return alike ? error_set(error, "unknown key \"%.80s\"; there is %s=", key, alike) : -1;
}

void settings_value_clear(SettingValue *value)
{
	free(value->text);
	free(value->file);
	*value = (SettingValue){.text = NULL};
}

void settings_layer_clear(SettingsLayer *layer)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		settings_value_clear(&layer->values[i]);
	pins_clear(&layer->pins);
	free(layer->problem);
	layer->problem = NULL;
}

static int decode_flag(const char *text, bool *ret, Error *error)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*ret = i % 2 == 1;
			return 0;
		}
	return error_set(error, "\"%.80s\" is not yes or no", text);
}

/* "any, kernel, dm-verity or fs-verity" */
static int complain_about_word(const Setting *setting, const char *text, Error *error)
{
	CLEANUP_BUFFER Buffer list = BUFFER_INIT;

	for (size_t i = 0; setting->words[i]; i++)
		if (buffer_append_format(&list, error, "%s%s",
			    i == 0                  ? ""
			    : setting->words[i + 1] ? ", "
						    : " or ",
			    setting->words[i]) < 0)
			return -1;
	return error_set(error, "\"%.80s\" is not %.*s", text, (int)list.size, (const char *)list.data);
}

static int decode_word(const Setting *setting, const char *text, unsigned *ret, Error *error)
{
	for (unsigned i = 0; setting->words[i]; i++)
		if (strcmp(text, setting->words[i]) == 0) {
			*ret = i;
			return 0;
		}
	return complain_about_word(setting, text, error);
}

int settings_decode(const Setting *setting, const char *text, void *place, Error *error)
{
	switch (setting->type) {
	case SETTING_TEXT:
		*(const char **)place = text;
		return 0;
	case SETTING_FLAG:
		return decode_flag(text, place, error);
	case SETTING_NUMBER:
		return text_to_integer(text, setting->min, setting->max, place, error);
	case SETTING_WORD:
		return decode_word(setting, text, place, error);
	case SETTING_WINDOW:
		return window_parse(text, place, error);
	case SETTING_PINS:
		break;
	}
	return error_set(error, "%s= is a list", setting->key);
}

int settings_check(const Setting *setting, const char *text, Error *error)
{
	union {
		const char *text;
		bool flag;
		int64_t number;
		unsigned word;
		Window window;
	} place;

	if (strlen(text) > VALUE_SIZE_MAX)
		return error_set(error, "%s= is longer than %d bytes", setting->key, VALUE_SIZE_MAX);
	if (*text == '\0')
		return 0;
	if (settings_decode(setting, text, &place, error) < 0)
		return error_in(error, "%s", setting->key);
	return 0;
}

int settings_take(
	SettingsLayer *layer, int index, const char *text, const SettingOrigin *origin, Error *error)
{
	const Setting *setting = &settings_table[index];
	SettingValue value = {.line = origin->line, .source = origin->source};
	CLEANUP_FREE char *copy = NULL;

	if (setting->type == SETTING_PINS)
		return pins_put(&layer->pins, text, origin->file, origin->line, error);
	if (settings_check(setting, text, error) < 0 || text_copy(text, &copy, error) < 0 ||
		(origin->file && text_copy(origin->file, &value.file, error) < 0))
		return -1;
	settings_value_clear(&layer->values[index]);
	if (*text == '\0') {
		free(value.file);
		return 0;
	}
	value.text = TAKE_PTR(copy);
	layer->values[index] = value;
	return 0;
}

/* Keys before the first section are [Suture]'s. */
static int take_line(
	SettingsLayer *layer, const IniReader *line, const char *file, SettingSource source, Error *error)
{
	const char *section = line->section ? line->section : settings_table[0].section;
	const SettingOrigin origin = {file, line->line, source};
	int index = settings_find(line->key, error);

	if (index < 0)
		return -1;
	if (strcmp(settings_table[index].section, section) != 0)
		return error_set(error, "%s= belongs into the section [%s]", settings_table[index].key,
			settings_table[index].section);
	return settings_take(layer, index, line->value, &origin, error);
}

/* What binds people must not stand where people put their wishes. */
static int check_section(const char *section, SettingSource source, Error *error)
{
	if (strcmp(section, policy_section) == 0 && source != SOURCE_POLICY)
		return error_set(error, "[%s] belongs into /etc/suture/policy.d", section);
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (strcmp(section, settings_table[i].section) == 0)
			return 0;
	return ini_unknown_section(section, error);
}

static int read_line(
	SettingsLayer *layer, IniReader *reader, const char *file, SettingSource source, Error *error)
{
	int r = ini_next(reader, error);

	if (r == INI_SECTION)
		r = check_section(reader->section, source, error);
	else if (r == 0)
		r = take_line(layer, reader, file, source, error);
	return r < 0 ? error_in(error, "%s:%u", file, reader->line) : r;
}

int settings_note_problem(SettingsLayer *layer, const Error *why, Error *error)
{
	return layer->problem ? 0 : text_copy(why->text, &layer->problem, error);
}

int settings_parse(SettingsLayer *layer, char *text, const char *file, SettingSource source, Error *error)
{
	IniReader reader = {.rest = text};
	Error why = ERROR_INIT;
	int r;

	while ((r = read_line(layer, &reader, file, source, &why)) != INI_END) {
		if (r == 0)
			continue;
		if (source != SOURCE_POLICY)
			return error_set(error, "%s", why.text);
		if (settings_note_problem(layer, &why, error) < 0)
			return -1;
	}
	return 0;
}

int64_t settings_due(const AutomaticSettings *automatic, int64_t released, bool urgent)
{
	int64_t seconds = urgent ? 0 : automatic->defer_days * 24 * 60 * 60;

	return released > INT64_MAX - seconds ? INT64_MAX : released + seconds;
}
