/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/improvements.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "parts/manifest/letter.h"

enum { COMPONENTS_MAX = 1024 };

void improvements_clear(Improvements *set)
{
	for (size_t i = 0; i < set->n; i++)
		(void)manifest_free(set->items[i].manifest);
	free(set->items);
	*set = IMPROVEMENTS_INIT;
}

Improvement *improvements_find(const Improvements *set, const char *component)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->items[i].manifest->component, component) == 0)
			return &set->items[i];
	return NULL;
}

static int read_manifest(const Store *store, const Digest *digest, Manifest **ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	char name[STORE_NAME_SIZE];
	Digest found;

	(void)store_blob_name(STORE_MANIFEST, digest, name);
	if (file_read(store_directory(store), name, MANIFEST_SIZE_MAX, &text, error) != 0)
		return error_in(error, "state directory %s", store_path(store));
	if (hash_bytes(buffer_bytes(&text), &found, error) < 0)
		return -1;
	if (!digest_equal(&found, digest))
		return error_set(
			error, "%s/%s was changed: its SHA-256 is not its name", store_path(store), name);
	if (manifest_parse(buffer_bytes(&text), ret, error) < 0)
		return error_in(error, "%s/%s", store_path(store), name);
	return 0;
}

static int insert(Improvements *set, Improvement improvement, Error *error)
{
	Improvement *items = reallocarray(set->items, set->n + 1, sizeof(*items));
	size_t at = 0;

	if (!items)
		return error_memory(error);
	set->items = items;
	while (at < set->n && strcmp(items[at].manifest->component, improvement.manifest->component) < 0)
		at++;
	memmove(&items[at + 1], &items[at], (set->n - at) * sizeof(*items));
	items[at] = improvement;
	set->n++;
	return 0;
}

int improvements_put(
	Improvements *set, const Store *store, const Digest *manifest_digest, int64_t installed, Error *error)
{
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	Improvement *old;

	if (read_manifest(store, manifest_digest, &manifest, error) < 0)
		return -1;
	old = improvements_find(set, manifest->component);
	if (old) {
		(void)manifest_free(old->manifest);
		*old = (Improvement){TAKE_PTR(manifest), *manifest_digest, installed};
		return 0;
	}
	if (set->n == COMPONENTS_MAX)
		return error_set(error, "more than %d components at once", COMPONENTS_MAX);
	if (insert(set, (Improvement){manifest, *manifest_digest, installed}, error) < 0)
		return -1;
	manifest = NULL;
	return 0;
}

void improvements_drop(Improvements *set, const char *component)
{
	Improvement *item = improvements_find(set, component);

	if (!item)
		return;
	(void)manifest_free(item->manifest);
	set->n--;
	memmove(item, item + 1, (size_t)(set->items + set->n - item) * sizeof(*item));
}

int improvements_copy(const Improvements *from, const Store *store, Improvements *ret, Error *error)
{
	CLEANUP_IMPROVEMENTS Improvements copy = IMPROVEMENTS_INIT;

	for (size_t i = 0; i < from->n; i++)
		if (improvements_put(&copy, store, &from->items[i].manifest_digest, from->items[i].installed,
			    error) < 0)
			return -1;
	*ret = copy;
	copy = IMPROVEMENTS_INIT;
	return 0;
}

bool improvements_equal(const Improvements *a, const Improvements *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!digest_equal(&a->items[i].manifest_digest, &b->items[i].manifest_digest))
			return false;
	return true;
}

static int item_to_json(const Improvement *item, json_t *object, Error *error)
{
	char letter[LETTER_SIZE];

	if (json_put_text(object, "component", item->manifest->component, error) < 0 ||
		json_put_text(object, "letter", letter_from_sequence(item->manifest->sequence, letter),
			error) < 0 ||
		json_put_digest(object, "manifest", &item->manifest_digest, error) < 0)
		return -1;
	return item->installed > 0 ? json_put_time(object, "installed", item->installed, error) : 0;
}

int improvements_to_json(const Improvements *set, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *array = json_array();

	if (!array)
		return error_memory(error);
	for (size_t i = 0; i < set->n; i++) {
		json_t *object = json_object();

		if (json_add(array, object, error) < 0 || item_to_json(&set->items[i], object, error) < 0)
			return -1;
	}
	*ret = TAKE_PTR(array);
	return 0;
}

int improvements_from_json(const json_t *array, const Store *store, Improvements *ret, Error *error)
{
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
	size_t index;
	json_t *item;

	json_array_foreach(array, index, item)
	{
		Digest digest;
		int64_t installed = 0;

		if (json_digest_field(item, "manifest", &digest, error) < 0 ||
			(json_has(item, "installed") &&
				json_time_field(item, "installed", &installed, error) < 0) ||
			improvements_put(&set, store, &digest, installed, error) < 0)
			return -1;
	}
	*ret = set;
	set = IMPROVEMENTS_INIT;
	return 0;
}
