/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/kept-off.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/manifest/letter.h"

enum { ITEMS_MAX = 1024 };

void kept_off_clear(KeptOff *kept)
{
	free(kept->items);
	*kept = (KeptOff){NULL, 0};
}

static KeptOffItem *find(const KeptOff *kept, const char *component)
{
	for (size_t i = 0; i < kept->n; i++)
		if (strcmp(kept->items[i].component, component) == 0)
			return &kept->items[i];
	return NULL;
}

static void drop(KeptOff *kept, KeptOffItem *item)
{
	kept->n--;
	memmove(item, item + 1, (size_t)(kept->items + kept->n - item) * sizeof(*item));
}

/* The new one comes last; when there are too many, the oldest is forgotten. */
static int append(
	KeptOff *kept, const char *component, const char *base_version, unsigned sequence, Error *error)
{
	KeptOffItem *items = reallocarray(kept->items, kept->n + 1, sizeof(*items));

	if (!items)
		return error_memory(error);
	kept->items = items;
	items[kept->n].sequence = sequence;
	(void)snprintf(items[kept->n].component, sizeof(items->component), "%s", component);
	(void)snprintf(items[kept->n].base_version, sizeof(items->base_version), "%s", base_version);
	if (++kept->n > ITEMS_MAX)
		drop(kept, &items[0]);
	return 0;
}

int kept_off_put(KeptOff *kept, const Manifest *manifest, Error *error)
{
	KeptOffItem *old = find(kept, manifest->component);

	if (old)
		drop(kept, old);
	return append(kept, manifest->component, manifest->base_version, manifest->sequence, error);
}

bool kept_off_covers(const KeptOff *kept, const Manifest *manifest)
{
	const KeptOffItem *item = find(kept, manifest->component);

	return item && strcmp(item->base_version, manifest->base_version) == 0 &&
	       manifest->sequence <= item->sequence;
}

void kept_off_welcome(KeptOff *kept, const Manifest *manifest)
{
	if (kept_off_covers(kept, manifest))
		drop(kept, find(kept, manifest->component));
}

int kept_off_item_to_json(const KeptOffItem *item, json_t *object, Error *error)
{
	char letter[LETTER_SIZE];

	if (json_put_text(object, "component", item->component, error) < 0 ||
		json_put_text(object, "letter", letter_from_sequence(item->sequence, letter), error) < 0)
		return -1;
	return json_put_text(object, "base_version", item->base_version, error);
}

int kept_off_to_json(const KeptOff *kept, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *array = json_array();

	if (!array)
		return error_memory(error);
	for (size_t i = 0; i < kept->n; i++) {
		json_t *object = json_object();

		if (json_add(array, object, error) < 0 ||
			kept_off_item_to_json(&kept->items[i], object, error) < 0)
			return -1;
	}
	*ret = TAKE_PTR(array);
	return 0;
}

static inline void clear_cleanup(KeptOff *kept)
{
	kept_off_clear(kept);
}

int kept_off_from_json(const json_t *array, KeptOff *ret, Error *error)
{
	__attribute__((cleanup(clear_cleanup))) KeptOff kept = {NULL, 0};
	size_t index;
	json_t *item;

	json_array_foreach(array, index, item)
	{
		const char *component, *letter, *base_version;
		unsigned sequence = 0;

		if (json_string_field(item, "component", MANIFEST_NAME_MAX, &component, error) < 0 ||
			json_string_field(item, "letter", LETTER_SIZE - 1, &letter, error) < 0 ||
			json_string_field(item, "base_version", MANIFEST_NAME_MAX, &base_version, error) <
				0 ||
			letter_to_sequence(letter, &sequence, error) < 0 ||
			append(&kept, component, base_version, sequence, error) < 0)
			return error_in(error, "kept_off");
	}
	*ret = kept;
	kept = (KeptOff){NULL, 0};
	return 0;
}
