/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Makes the new images durable under their digests, and the manifests that the next state names.
 */

#include "engine/staging.h"
#include "engine/transaction.h"

static int stage_one(const Transaction *transaction, const Change *change, Error *error)
{
	Store *store = transaction->engine->store;
	const Manifest *manifest = change->manifest;
	char name[STAGING_NAME_SIZE];

	if (store_commit_staged(
		    store, staging_image(manifest, name), STORE_IMAGE, &manifest->image_digest, error) < 0)
		return -1;
	return store_remove_staged(store, staging_download(change->download, name), error);
}

/* Images that are here may have their names of a run that was killed before these were durable. Each one that
 * is staged now has their folder synced. */
static int sync_what_is_here(const Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (transaction->changes[i].download)
			return 0;
	return transaction->goal.n > 0 ? store_sync_blobs(transaction->engine->store, STORE_IMAGE, error) : 0;
}

int step_stage(Transaction *transaction, Error *error)
{
	if (store_sync_blobs(transaction->engine->store, STORE_MANIFEST, error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (transaction->changes[i].download &&
			stage_one(transaction, &transaction->changes[i], error) < 0)
			return error_in(error, "%s", transaction->changes[i].component);
	return sync_what_is_here(transaction, error);
}
