/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

/* "default", or "policy /etc/suture/policy.d/fleet.conf:3" */
static void print_origin(const json_t *setting)
{
	printf("%s", field_text(setting, "source"));
	if (json_has(setting, "file"))
		printf(" %s:%llu", field_text(setting, "file"),
			(unsigned long long)field_number(setting, "line"));
	printf("\n");
}

static void print_pins(const json_t *setting)
{
	size_t index;
	json_t *pin;

	json_array_foreach(json_object_get(setting, "value"), index, pin)
	{
		printf("  %-13s  %s %-*s  policy %s:%llu\n", field_text(setting, "key"),
			field_text(pin, "component"), 23 - (int)strlen(field_text(pin, "component")),
			field_text(pin, "letter"), field_text(pin, "file"),
			(unsigned long long)field_number(pin, "line"));
	}
	if (json_array_size(json_object_get(setting, "value")) == 0)
		printf("  %-13s  %-24s  default\n", field_text(setting, "key"), "none");
}

static void print_setting(const json_t *setting)
{
	if (json_is_array(json_object_get(setting, "value"))) {
		print_pins(setting);
		return;
	}
	printf("  %-13s  %-24s  ", field_text(setting, "key"),
		json_has(setting, "text") ? field_text(setting, "text") : "none");
	print_origin(setting);
}

static void print_settings(const json_t *report)
{
	const json_t *settings = json_object_get(report, "settings");
	const char *section = "";
	size_t index;
	json_t *setting;

	json_array_foreach(settings, index, setting)
	{
		const char *own = json_string_value(json_object_get(setting, "section"));

		if (strcmp(own, section) != 0)
			printf("[%s]\n", own);
		section = own;
		print_setting(setting);
	}
	if (json_array_size(settings) == 1)
		printf("  %s\n", field_text(json_array_get(settings, 0), "meaning"));
	if (json_has(report, "policy_problem"))
		printf("\nwarning: %s\nNothing is installed, removed or set until this policy is mended.\n",
			field_text(report, "policy_problem"));
}

static int show(const Settings *settings, const char *key, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;
	CLEANUP_JSON json_t *report = NULL;
	Progress progress;

	if (open_engine(settings, false, &progress, &engine, error) < 0 ||
		engine_settings(engine, key, &report, error) < 0)
		return -1;
	if (settings->json)
		return print_json(report, error);
	print_settings(report);
	return 0;
}

/* Shows then what the files say, read anew. */
static int set(const Settings *settings, const char *assignment, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;
	const char *equals = strchr(assignment, '=');
	CLEANUP_FREE char *key = strndup(assignment, (size_t)(equals - assignment));
	Progress progress;

	if (!key)
		return error_memory(error);
	if (open_engine(settings, false, &progress, &engine, error) < 0 ||
		engine_set(engine, key, equals + 1, error) < 0)
		return -1;
	return settings->quiet ? 0 : show(settings, key, error);
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const char *what = operands->count > 0 ? operands->words[0] : NULL;

	return what && strchr(what, '=') ? set(userdata, what, error) : show(userdata, what, error);
}

const Command command_settings = {
	.name = "settings",
	.operands = "[KEY[=VALUE]]",
	.max_operands = 1,
	.summary = "show what is set and by which file, or set it; KEY= goes back to what the files say",
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run,
};
