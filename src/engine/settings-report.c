/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/settings-report.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "engine/context.h"
#include "parts/fetch/url.h"

static const char format_name[] = "suture-settings-1";

/* A text may hold any bytes, and everybody may ask: a repository's password stays out of it. */
static int put_text(json_t *object, const char *key, const char *text, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if ((strstr(text, "://") ? url_for_people(text, &shown, error) : text_copy(text, &shown, error)) < 0)
		return -1;
	text_make_printable(shown);
	return json_put_text(object, key, shown, error);
}

static int put_pins(json_t *object, const char *key, const Pins *pins, Error *error)
{
	json_t *array = NULL;

	if (pins_to_json(pins, &array, error) < 0)
		return -1;
	return json_put(object, key, array, error);
}

/* A text that nothing sets is left out. */
static int put_value(
	const Config *config, const Setting *setting, json_t *object, const char *key, Error *error)
{
	const char *text = config->values[setting - settings_table].text;
	const void *place = (const char *)config + setting->offset;

	switch (setting->type) {
	case SETTING_FLAG:
		return json_put(object, key, json_boolean(*(const bool *)place), error);
	case SETTING_NUMBER:
		return json_put_integer(object, key, *(const int64_t *)place, error);
	case SETTING_PINS:
		return put_pins(object, key, place, error);
	case SETTING_TEXT:
	case SETTING_WORD:
	case SETTING_WINDOW:
		break;
	}
	return text ? put_text(object, key, text, error) : 0;
}

static int put_problem(const Config *config, json_t *document, Error *error)
{
	return config->policy.problem
		       ? json_put_text(document, "policy_problem", config->policy.problem, error)
		       : 0;
}

int settings_report_put(const Config *config, json_t *document, Error *error)
{
	json_t *settings = json_object();

	if (json_put(document, "settings", settings, error) < 0)
		return -1;
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (strcmp(settings_table[i].section, settings_table[0].section) != 0 &&
			put_value(config, &settings_table[i], settings, settings_table[i].key, error) < 0)
			return -1;
	return put_problem(config, document, error);
}

static int put_origin(const SettingValue *value, json_t *item, Error *error)
{
	CLEANUP_FREE char *file = NULL;

	if (json_put_text(item, "source", settings_source_name(value->source), error) < 0)
		return -1;
	if (!value->file)
		return 0;
	if (text_format(&file, error, "/%s", value->file) < 0 || put_text(item, "file", file, error) < 0)
		return -1;
	return json_put_integer(item, "line", value->line, error);
}

static int add_setting(const Config *config, const Setting *setting, json_t *array, Error *error)
{
	const SettingValue *value = &config->values[setting - settings_table];
	json_t *item = json_object();

	if (json_add(array, item, error) < 0 || json_put_text(item, "section", setting->section, error) < 0 ||
		json_put_text(item, "key", setting->key, error) < 0 ||
		put_value(config, setting, item, "value", error) < 0 ||
		(value->text && put_text(item, "text", value->text, error) < 0) ||
		(setting->initial && json_put_text(item, "default", setting->initial, error) < 0) ||
		json_put_text(item, "meaning", setting->meaning, error) < 0 ||
		json_put(item, "locked", json_boolean(value->source == SOURCE_POLICY), error) < 0)
		return -1;
	return put_origin(value, item, error);
}

int engine_settings(Engine *engine, const char *key, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	int only = key ? settings_find(key, error) : -1;
	json_t *array;

	if (key && only < 0)
		return -1;
	if (!document)
		return error_memory(error);
	array = json_array();
	if (json_put(document, "settings", array, error) < 0)
		return -1;
	for (int i = 0; i < SETTINGS_COUNT; i++)
		if ((!key || i == only) && add_setting(&engine->config, &settings_table[i], array, error) < 0)
			return -1;
	if (json_put_text(document, "format", format_name, error) < 0 ||
		put_problem(&engine->config, document, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}
