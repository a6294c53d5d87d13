/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "engine/settings.h"
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

/* Where the value comes from: "default", or "policy /etc/suture/policy.d/fleet.conf:3". */
static void print_row(const char *key, int width, const char *value, const char *source, const json_t *where)
{
	printf("  %-*s  %-24s  %s", width, key, value, source);
	if (json_has(where, "file"))
		printf(" %s:%llu", field_text(where, "file"),
			(unsigned long long)field_number(where, "line"));
	printf("\n");
}

static void print_pins(const json_t *setting, int width)
{
	const char *key = field_text(setting, "key");
	size_t index;
	json_t *pin;

	json_array_foreach(json_object_get(setting, "value"), index, pin)
	{
		char value[256];

		(void)snprintf(value, sizeof(value), "%s %s", field_text(pin, "component"),
			field_text(pin, "letter"));
		print_row(key, width, value, _(settings_source_name(SOURCE_POLICY)), pin);
	}
	if (index == 0)
		print_row(key, width, "none", _(settings_source_name(SOURCE_DEFAULT)), NULL);
}

static void print_setting(const json_t *setting, int width)
{
	if (json_is_array(json_object_get(setting, "value")))
		print_pins(setting, width);
	else
		print_row(field_text(setting, "key"), width,
			json_has(setting, "text") ? field_text(setting, "text") : "none",
			field_words(setting, "source"), setting);
}

static int width_of_keys(const json_t *settings)
{
	size_t index, width = 0;
	json_t *setting;

	json_array_foreach(settings, index, setting)
	{
		size_t length = strlen(field_text(setting, "key"));

		width = length > width ? length : width;
	}
	return (int)width;
}

static void print_settings(const json_t *report)
{
	const json_t *settings = json_object_get(report, "settings");
	const char *section = "";
	int width = width_of_keys(settings);
	size_t index;
	json_t *setting;

	json_array_foreach(settings, index, setting)
	{
		const char *own = json_string_value(json_object_get(setting, "section"));

		if (strcmp(own, section) != 0)
			printf("[%s]\n", own);
		section = own;
		print_setting(setting, width);
	}
	if (json_array_size(settings) == 1)
		printf("  %s\n", field_words(json_array_get(settings, 0), "meaning"));
	if (json_has(report, "policy_problem"))
		say("\nwarning: %s\nNothing is installed, removed or set until this policy is mended.\n",
			field_text(report, "policy_problem"));
}

static int print_report(const Settings *settings, const json_t *report, Error *error)
{
	if (settings->json)
		return print_json(report, error);
	print_settings(report);
	return 0;
}

static int show(const Settings *settings, const OptionList *operands, Error *error)
{
	CLEANUP_JSON json_t *report = NULL;

	if (ask(settings, "Settings", operands, false, &report, error) < 0)
		return -1;
	return print_report(settings, report, error);
}

/* Shows then what the files say, read anew. */
static int set(const Settings *settings, const char *assignment, Error *error)
{
	const char *equals = strchr(assignment, '=');
	CLEANUP_FREE char *key = strndup(assignment, (size_t)(equals - assignment));
	const char *words[] = {key, equals + 1};
	CLEANUP_JSON json_t *report = NULL;

	if (!key)
		return error_memory(error);
	if (ask(settings, "SetSetting", &(OptionList){words, ARRAY_SIZE(words)}, false, &report, error) < 0)
		return -1;
	return settings->quiet ? 0 : print_report(settings, report, error);
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	bool sets = operands->count > 0 && strchr(operands->words[0], '=');

	return sets ? set(userdata, operands->words[0], error) : show(userdata, operands, error);
}

static const char *key_at(size_t index)
{
	return index < SETTINGS_COUNT && !settings_is_policy(&settings_table[index])
		       ? settings_table[index].key
		       : NULL;
}

const Command command_settings = {
	.name = "settings",
	.operands = "[KEY[=VALUE]]",
	.max_operands = 1,
	.summary = N_("show what is set and by which file, or set it; KEY= goes back to what the files say"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.key = key_at,
	.run = run,
};
