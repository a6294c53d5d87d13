/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Brings what has to travel into staging: bounded by its signed length, resumed where an earlier try ended,
 * its digest checked. Where the server has not got the smallest way to an image, the next one is tried. The
 * order is another one each time (engine/shuffle.h).
 */

#include <errno.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/fetch-ways.h"
#include "engine/plan.h"
#include "engine/shuffle.h"
#include "engine/space.h"
#include "engine/staging.h"
#include "engine/transaction.h"

static int find_target(
	Transaction *transaction, const ManifestDownload *download, UpdaterTarget *ret, Error *error)
{
	int r = updater_find(remote_updater(transaction->remote), download->path, ret, error);

	if (r < 0)
		return -1;
	if (r > 0)
		(void)error_set(
			error, "the repository does not list %s, which the manifest names", download->path);
	else if (ret->length != download->size || !digest_equal(&ret->digest, &download->digest))
		(void)error_set(error, "manifest and repository disagree about %s", download->path);
	else
		return 0;
	return REMOTE_UNUSABLE;
}

bool fetch_is_of_the_disk(const Error *error)
{
	static const int errors[] = {ENOSPC, EDQUOT, EFBIG, EIO, EROFS};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (error->os_error == errors[i])
			return true;
	return false;
}

/* Gives what remote_fetch_file() gives. */
static int fetch_target(
	Transaction *transaction, Change *change, const UpdaterTarget *target, int fd, Error *error)
{
	Progress *progress = transaction->engine->progress;
	char size[TEXT_SIZE_MAX];
	uint64_t received = 0;
	int r = remote_fetch_file(transaction->remote, target, fd, progress, &received, error);

	change->received += received;
	progress_end(progress, r == 0 ? text_size(received, size) : NULL);
	/* A full or broken disk, not the network: say which one. */
	if (r < 0 && fetch_is_of_the_disk(error))
		return error_in(error, "state directory %s", store_path(transaction->engine->store));
	return r;
}

static int fetch_one(Transaction *transaction, Change *change, Error *error)
{
	Engine *engine = transaction->engine;
	char name[STAGING_NAME_SIZE];
	CLEANUP_FREE char *label = NULL;
	CLEANUP_CLOSE int fd = -1;
	UpdaterTarget target;
	int r = find_target(transaction, change->download, &target, error);

	if (r != 0)
		return r;
	if (store_open_staged(engine->store, staging_download(change->download, name), &fd, error) < 0 ||
		text_format(&label, error, "fetching %s %s", change->component,
			path_basename(change->download->path)) < 0)
		return -1;
	progress_begin(engine->progress, label);
	return fetch_target(transaction, change, &target, fd, error);
}

int fetch_any_way(Transaction *transaction, Change *change, Error *error)
{
	int r;

	do {
		Error why = ERROR_INIT;

		if (space_check(transaction, error) < 0)
			return -1;
		r = fetch_one(transaction, change, &why);
		if (r != 0)
			*error = why;
	} while (r == REMOTE_UNUSABLE && plan_take_next_way(transaction, change, error));
	return r == 0 ? 0 : -1;
}

int step_fetch(Transaction *transaction, Error *error)
{
	CLEANUP_FREE size_t *order = NULL;

	if (shuffle(transaction->n_changes, &order, error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->n_changes; i++) {
		Change *change = &transaction->changes[order[i]];

		if (!change->download)
			continue;
		if (fetch_any_way(transaction, change, error) < 0)
			return error_in(error, "%s", change->component);
		transaction->fetched = clock_now();
	}
	return 0;
}
