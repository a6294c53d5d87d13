/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/collect.h"

#include <stdlib.h>

#include "engine/guard.h"
#include "parts/overlay/overlay.h"

/* The digests of what stays. */
typedef struct Kept {
	Digest *digests;
	size_t n;
} Kept;

static void kept_clear(Kept *kept)
{
	free(kept->digests);
}
#define CLEANUP_KEPT __attribute__((cleanup(kept_clear)))

static int keep(Kept *kept, const Digest *digest, Error *error)
{
	Digest *digests = reallocarray(kept->digests, kept->n + 1, sizeof(*digests));

	if (!digests)
		return error_memory(error);
	kept->digests = digests;
	digests[kept->n++] = *digest;
	return 0;
}

static int keep_images(Kept *kept, const Improvements *set, Error *error)
{
	/* What the kernel refuses to read is of no use to anybody, and must not be taken for the image again.
	 */
	for (size_t i = 0; i < set->n; i++)
		if (!guard_is_corrupt(set->items[i].manifest) &&
			keep(kept, &set->items[i].manifest->image_digest, error) < 0)
			return -1;
	return 0;
}

static int collect_images(const Transaction *transaction, Error *error)
{
	CLEANUP_FREE OverlayGeneration *mounted = NULL;
	CLEANUP_KEPT Kept kept = {NULL, 0};
	Store *store = transaction->engine->store;
	size_t n = 0;

	if (overlay_list(transaction->engine->root, &mounted, &n, error) < 0 ||
		keep_images(&kept, &transaction->state.active, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;

		if (state_generation_set(&transaction->state, store, mounted[i].number, &set, error) < 0 ||
			keep_images(&kept, &set, error) < 0)
			return -1;
	}
	if (store_collect(store, STORE_IMAGE, kept.digests, kept.n, guard_close, error) < 0)
		return -1;
	return store_collect(store, STORE_VERITY, kept.digests, kept.n, NULL, error);
}

static int keep_generations(Kept *kept, json_t *generations, Error *error)
{
	const char *number;
	json_t *manifests, *item;
	size_t index;

	json_object_foreach(generations, number, manifests) json_array_foreach(manifests, index, item)
	{
		Digest digest;

		if (json_is_string(item) && digest_from_hex(json_string_value(item), &digest, NULL) == 0 &&
			keep(kept, &digest, error) < 0)
			return -1;
	}
	return 0;
}

static int keep_series(Kept *kept, const CatalogSeries *series, Error *error)
{
	if (keep(kept, &series->manifest_digest, error) < 0 || keep(kept, &series->newest_digest, error) < 0)
		return -1;
	for (size_t i = 0; i < series->n_earlier; i++)
		if (keep(kept, &series->earlier[i].digest, error) < 0)
			return -1;
	return 0;
}

/* Those of the repository save the next check from fetching them; they are only known when all of it was
 * looked at. */
static int collect_manifests(const Transaction *transaction, Error *error)
{
	CLEANUP_KEPT Kept kept = {NULL, 0};
	const Catalog *catalog = transaction->catalog;
	const Improvements *active = &transaction->state.active;

	if (!catalog || transaction->components.count > 0)
		return 0;
	for (size_t i = 0; i < catalog->n; i++)
		if (keep_series(&kept, &catalog->series[i], error) < 0)
			return -1;
	for (size_t i = 0; i < active->n; i++)
		if (keep(&kept, &active->items[i].manifest_digest, error) < 0)
			return -1;
	if (keep_generations(&kept, transaction->state.generations, error) < 0)
		return -1;
	return store_collect(transaction->engine->store, STORE_MANIFEST, kept.digests, kept.n, NULL, error);
}

int collect_leftovers(const Transaction *transaction, Error *error)
{
	if (collect_images(transaction, error) < 0 || collect_manifests(transaction, error) < 0)
		return -1;
	return store_clear_staging(transaction->engine->store, error);
}
