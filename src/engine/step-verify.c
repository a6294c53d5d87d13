/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Holds every rebuilt image against its manifest, and makes the hash tree where the kernel can use one.
 */

#include <errno.h>
#include <unistd.h>

#include "engine/staging.h"
#include "engine/transaction.h"
#include "parts/image/image.h"
#include "parts/image/verity.h"

static int build_tree(const Transaction *transaction, const Manifest *manifest, int image, Error *error)
{
	char name[STAGING_NAME_SIZE];
	CLEANUP_CLOSE int tree = -1;
	Digest root;

	if (store_open_staged(transaction->engine->store, staging_tree(manifest, name), &tree, error) < 0)
		return -1;
	if (ftruncate(tree, 0) < 0)
		return error_os(error, errno, "cannot begin the hash tree anew");
	if (verity_build(image, manifest->image_size, manifest->verity_salt, tree, &root, error) < 0)
		return -1;
	if (!digest_equal(&root, &manifest->verity_root))
		return error_set(
			error, "the image's dm-verity root hash is not the one that its manifest signs");
	return 0;
}

static int verify_one(const Transaction *transaction, const Manifest *manifest, Error *error)
{
	char name[STAGING_NAME_SIZE];
	CLEANUP_CLOSE int image = -1;

	if (store_open_staged(transaction->engine->store, staging_image(manifest, name), &image, error) < 0 ||
		image_verify(image, manifest->image_size, &manifest->image_digest, error) < 0)
		return -1;
	return verity_is_supported() ? build_tree(transaction, manifest, image, error) : 0;
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
