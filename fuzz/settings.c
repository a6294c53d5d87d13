/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any text as a configuration file and as a policy: what is kept is a value of its setting. A policy is never
 * refused, and has no problem where another file has none.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "engine/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(SettingsLayer *layer, const uint8_t *data, size_t size, SettingSource source)
{
	CLEANUP_FREE char *text = strndup((const char *)data, size);
	Error error = ERROR_INIT;

	return text ? settings_parse(layer, text, "x.conf", source, &error) : 0;
}

static void check_values(const SettingsLayer *layer)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (layer->values[i].text &&
			(*layer->values[i].text == '\0' ||
				settings_check(&settings_table[i], layer->values[i].text, NULL) < 0))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_SETTINGS_LAYER SettingsLayer plain = {.problem = NULL};
	CLEANUP_SETTINGS_LAYER SettingsLayer policy = {.problem = NULL};
	int r = parse(&plain, data, size, SOURCE_ADMINISTRATOR);

	if (parse(&policy, data, size, SOURCE_POLICY) < 0)
		abort();
	check_values(&plain);
	check_values(&policy);
	if (r == 0 && policy.problem)
		abort();
	return 0;
}
