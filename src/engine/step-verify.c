/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Holds every rebuilt image against its manifest.
 */

#include "engine/staging.h"
#include "engine/transaction.h"
#include "parts/image/image.h"

static int verify_one(const Transaction *transaction, const Manifest *manifest, Error *error)
{
	char name[STAGING_NAME_SIZE];
	CLEANUP_CLOSE int image = -1;

	if (store_open_staged(transaction->engine->store, staging_image(manifest, name), &image, error) < 0)
		return -1;
	return image_verify(image, manifest->image_size, &manifest->image_digest, error);
}

int step_verify(Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++) {
		const Change *change = &transaction->changes[i];

		if (change->download && verify_one(transaction, change->manifest, error) < 0)
			return error_in(error, "%s", change->component);
	}
	return 0;
}
