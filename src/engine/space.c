/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/text.h"
#include "engine/staging.h"
#include "parts/image/verity.h"

/* Documents are written anew beside the old ones. */
enum { DOCUMENTS_SIZE = 64 * 1024 };

/* A hash tree has 32 bytes for each block of 4096, and so on for its own blocks: less than this part of the
 * image. */
enum { TREE_PART = 120 };

static uint64_t size_of(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode)
		       ? (uint64_t)status.st_size
		       : 0;
}

/* What a staged file still takes to have its size. */
static uint64_t missing(const Engine *engine, const char *name, uint64_t size)
{
	char path[STAGING_NAME_SIZE + sizeof("staging/")];
	uint64_t held;

	(void)snprintf(path, sizeof(path), "staging/%s", name);
	held = size_of(store_directory(engine->store), path);
	return size > held ? size - held : 0;
}

/* Sizes of images and downloads are bounded by what a manifest may say; sums of a thousand of them fit. */
static uint64_t needed(const Transaction *transaction)
{
	const Engine *engine = transaction->engine;
	uint64_t sum = DOCUMENTS_SIZE + size_of(store_directory(engine->store), "history.json");
	char name[STAGING_NAME_SIZE];

	for (size_t i = 0; i < transaction->n_changes; i++) {
		const Change *change = &transaction->changes[i];

		if (!change->download)
			continue;
		sum += missing(engine, staging_download(change->download, name), change->download->size);
		sum += missing(engine, staging_image(change->manifest, name), change->manifest->image_size);
		if (verity_is_supported())
			sum += change->manifest->image_size / TREE_PART;
	}
	return sum;
}

int space_check(const Transaction *transaction, Error *error)
{
	const Store *store = transaction->engine->store;
	uint64_t need = needed(transaction), available;
	char need_text[TEXT_SIZE_MAX], free_text[TEXT_SIZE_MAX];
	struct statvfs status;

	if (fstatvfs(store_directory(store), &status) < 0)
		return error_os(error, errno, "cannot examine the file system of %s", store_path(store));
	/* Some file systems do not tell; writing will. */
	if (status.f_blocks == 0)
		return 0;
	if (__builtin_mul_overflow((uint64_t)status.f_bavail, (uint64_t)status.f_frsize, &available) ||
		available >= need)
		return 0;
	return error_os(error, ENOSPC, "the state directory %s needs %s, and %s are free", store_path(store),
		text_size(need, need_text), text_size(available, free_text));
}
