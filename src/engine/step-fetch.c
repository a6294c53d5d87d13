/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Brings what has to travel into staging: bounded by its signed length, resumed where an earlier try ended,
 * its digest checked.
 */

#include <errno.h>

#include "base/path.h"
#include "base/text.h"
#include "engine/staging.h"
#include "engine/transaction.h"

static int find_target(
	Transaction *transaction, const ManifestDownload *download, UpdaterTarget *ret, Error *error)
{
	int r = updater_find(remote_updater(transaction->remote), download->path, ret, error);

	if (r < 0)
		return -1;
	if (r > 0)
		return error_set(
			error, "the repository does not list %s, which the manifest names", download->path);
	if (ret->length != download->size || !digest_equal(&ret->digest, &download->digest))
		return error_set(error, "manifest and repository disagree about %s", download->path);
	return 0;
}

/* A full or broken disk, not the network: say which one. */
static int say_where(const Engine *engine, Error *error)
{
	static const int of_a_disk[] = {ENOSPC, EDQUOT, EFBIG, EIO};

	for (size_t i = 0; i < ARRAY_SIZE(of_a_disk); i++)
		if (error->os_error == of_a_disk[i])
			return error_in(error, "state directory %s", store_path(engine->store));
	return -1;
}

static int fetch_one(Transaction *transaction, Change *change, Error *error)
{
	Engine *engine = transaction->engine;
	char name[STAGING_NAME_SIZE], size[TEXT_SIZE_MAX];
	CLEANUP_FREE char *label = NULL;
	CLEANUP_CLOSE int fd = -1;
	UpdaterTarget target;

	if (find_target(transaction, change->download, &target, error) < 0 ||
		store_open_staged(engine->store, staging_download(change->download, name), &fd, error) < 0 ||
		text_format(&label, error, "fetching %s %s", change->component,
			path_basename(change->download->path)) < 0)
		return -1;
	progress_begin(engine->progress, label);
	if (remote_fetch_file(transaction->remote, &target, fd, engine->progress, &change->received, error) <
		0) {
		progress_end(engine->progress, NULL);
		return say_where(engine, error);
	}
	progress_end(engine->progress, text_size(change->received, size));
	return 0;
}

int step_fetch(Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (transaction->changes[i].download &&
			fetch_one(transaction, &transaction->changes[i], error) < 0)
			return error_in(error, "%s", transaction->changes[i].component);
	return 0;
}
