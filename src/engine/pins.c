/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/pins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "parts/manifest/letter.h"

enum { PINS_MAX = 1024 };

static const char base_word[] = "base";

void pins_clear(Pins *pins)
{
	for (size_t i = 0; i < pins->n; i++)
		free(pins->items[i].file);
	free(pins->items);
	*pins = (Pins){NULL, 0};
}

static Pin *find(const Pins *pins, const char *component)
{
	for (size_t i = 0; i < pins->n; i++)
		if (strcmp(pins->items[i].component, component) == 0)
			return &pins->items[i];
	return NULL;
}

const Pin *pins_find(const Pins *pins, const char *component)
{
	return find(pins, component);
}

static int parse(const char *text, Pin *ret, Error *error)
{
	size_t length = strcspn(text, " \t");
	const char *letter = text + length + strspn(text + length, " \t");

	if (length >= sizeof(ret->component))
		return error_set(error, "the name of a component is longer than %d bytes", MANIFEST_NAME_MAX);
	(void)snprintf(ret->component, sizeof(ret->component), "%.*s", (int)length, text);
	if (!text_is_name(ret->component, MANIFEST_NAME_MAX) || *letter == '\0')
		return error_set(error,
			"\"%.80s\" is not COMPONENT LETTER, as in \"libxml2 a\" or \"libxml2 base\"", text);
	if (strcmp(letter, base_word) == 0) {
		ret->sequence = 0;
		return 0;
	}
	return letter_to_sequence(letter, &ret->sequence, error);
}

static int append(Pins *pins, const Pin *pin, Error *error)
{
	Pin *items;

	if (pins->n == PINS_MAX)
		return error_set(error, "more than %d components are pinned", PINS_MAX);
	items = reallocarray(pins->items, pins->n + 1, sizeof(*items));
	if (!items)
		return error_memory(error);
	pins->items = items;
	items[pins->n++] = *pin;
	return 0;
}

int pins_put(Pins *pins, const char *text, const char *file, unsigned line, Error *error)
{
	CLEANUP_FREE char *copy = NULL;
	Pin pin = {.line = line};
	Pin *old;

	if (*text == '\0') {
		pins_clear(pins);
		return 0;
	}
	if (parse(text, &pin, error) < 0 || text_copy(file, &copy, error) < 0)
		return -1;
	pin.file = copy;
	old = find(pins, pin.component);
	if (old) {
		free(old->file);
		*old = pin;
	} else if (append(pins, &pin, error) < 0) {
		return -1;
	}
	copy = NULL;
	return 0;
}

int pins_describe(const Pin *pin, char **ret, Error *error)
{
	char letter[LETTER_SIZE];

	if (pin->sequence == 0)
		return text_format(ret, error, "pinned at the base by /%s", pin->file);
	return text_format(
		ret, error, "pinned at (%s) by /%s", letter_from_sequence(pin->sequence, letter), pin->file);
}

static int add_to_json(json_t *array, const Pin *pin, Error *error)
{
	CLEANUP_FREE char *file = NULL;
	char letter[LETTER_SIZE];
	json_t *item = json_object();

	if (json_add(array, item, error) < 0 || text_format(&file, error, "/%s", pin->file) < 0 ||
		json_put_text(item, "component", pin->component, error) < 0 ||
		json_put_text(item, "letter",
			pin->sequence == 0 ? base_word : letter_from_sequence(pin->sequence, letter),
			error) < 0 ||
		json_put_text(item, "file", file, error) < 0)
		return -1;
	return json_put_integer(item, "line", pin->line, error);
}

int pins_to_json(const Pins *pins, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *array = json_array();

	if (!array)
		return error_memory(error);
	for (size_t i = 0; i < pins->n; i++)
		if (add_to_json(array, &pins->items[i], error) < 0)
			return -1;
	*ret = TAKE_PTR(array);
	return 0;
}
