/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Rebuilds each image: from the base's files, or the previous letter's image, and a delta; or from the whole
 * image as it was compressed. A worker without privileges decodes; here files are opened for it, and what it
 * sends is written down, to be held against its digest by the next step.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/fetch-ways.h"
#include "engine/plan.h"
#include "engine/staging.h"
#include "engine/transaction.h"
#include "parts/delta/format/format.h"
#include "parts/image/image.h"
#include "parts/manifest/base-check.h"
#include "parts/manifest/letter.h"
#include "parts/worker/worker.h"

/* An image that rotted leads nowhere: no later install shall begin from it. */
static int open_letter(const Transaction *transaction, const char *component, int *ret_fd, Error *error)
{
	const Improvement *active = improvements_find(&transaction->state.active, component);
	Store *store = transaction->engine->store;
	CLEANUP_CLOSE int fd = -1;
	const Manifest *manifest;
	Error why = ERROR_INIT;

	if (!active)
		return error_set(error, "the letter that this delta begins from is not here");
	manifest = active->manifest;
	if (store_open_blob(store, STORE_IMAGE, &manifest->image_digest, &fd, error) != 0)
		return -1;
	if (image_verify(fd, manifest->image_size, &manifest->image_digest, &why) == 0) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	if (store_discard_blob(store, STORE_IMAGE, &manifest->image_digest, error) < 0)
		return -1;
	return error_set(error,
		"the image that this delta begins from was damaged on this device and is discarded (%.200s)",
		why.text);
}

static int open_old(const Transaction *transaction, const Change *change, const DeltaSource *source,
	int *ret_fd, Error *error)
{
	if (strcmp(change->download->from, "base") == 0)
		return base_open_file(transaction->usr, source->name, ret_fd, error);
	return open_letter(transaction, change->component, ret_fd, error);
}

/* One image under way. */
typedef struct Rebuild {
	const Transaction *transaction;
	const Change *change;
	DeltaHeader header; /* of a delta */
	int image;
	uint64_t done;
} Rebuild;

/* The disk is at fault, or else this way leads nowhere: an old file that is another one by now, a letter that
 * rotted. */
static int judge(const Error *error)
{
	return fetch_is_of_the_disk(error) ? -1 : WORKER_UNUSABLE;
}

static int open_source(void *userdata, uint32_t number, int *ret_fd, uint64_t *ret_size, Error *error)
{
	const Rebuild *rebuild = userdata;
	const DeltaSource *source = &rebuild->header.sources[number];
	CLEANUP_CLOSE int fd = -1;
	struct stat status;

	if (open_old(rebuild->transaction, rebuild->change, source, &fd, error) < 0)
		return judge(error);
	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine %s", source->name);
	if ((uint64_t)status.st_size != source->size) {
		(void)error_set(error, "\"%s\" is not the file this delta was made for", source->name);
		return WORKER_UNUSABLE;
	}
	*ret_fd = TAKE_FD(fd);
	*ret_size = source->size;
	return 0;
}

/* The worker sends no more than the bytes of the image. */
static int write_next(void *userdata, Bytes next, Error *error)
{
	Rebuild *rebuild = userdata;
	const Engine *engine = rebuild->transaction->engine;

	if (file_write_all(rebuild->image, next, "the image", error) < 0)
		return error_in(error, "state directory %s", store_path(engine->store));
	rebuild->done += next.size;
	progress_update(engine->progress, rebuild->done, rebuild->change->manifest->image_size);
	return 0;
}

/* Its digest was checked when it was fetched. Read here as well, because it names the files to open. */
static int read_header(Rebuild *rebuild, int download, Error *error)
{
	const Manifest *manifest = rebuild->change->manifest;
	CLEANUP_MAP FileMap map = {NULL, 0};

	if (file_map(download, rebuild->change->download->size, "the delta", &map, error) < 0 ||
		delta_header_parse((Bytes){map.data, map.size}, &rebuild->header, error) < 0)
		return -1;
	if (rebuild->header.result_size != manifest->image_size ||
		!digest_equal(&rebuild->header.result_digest, &manifest->image_digest))
		return error_set(error, "the delta makes another image than the manifest describes");
	return 0;
}

/* At most 16384 files of 4 GiB: the sum fits. */
static uint64_t old_size(const DeltaHeader *header)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < header->n_sources; i++)
		sum += header->sources[i].size;
	return sum;
}

static int decode(Rebuild *rebuild, int download, Error *error)
{
	const ManifestDownload *travelled = rebuild->change->download;
	WorkerTask task = {
		.job = {PROTOCOL_IMAGE, travelled->size, rebuild->change->manifest->image_size, 0},
		.download = download,
		.open = open_source,
		.sink = write_next,
		.userdata = rebuild,
	};

	if (travelled->kind == MANIFEST_DELTA) {
		if (read_header(rebuild, download, error) < 0)
			return judge(error);
		task.job.kind = PROTOCOL_DELTA;
		task.job.n_sources = rebuild->header.n_sources;
		task.old_size = old_size(&rebuild->header);
	}
	return worker_run(&task, worker_patience(&task), error);
}

/* WORKER_UNUSABLE: another way may lead to the image. */
static int rebuild_one(const Transaction *transaction, const Change *change, Error *error)
{
	Store *store = transaction->engine->store;
	char name[STAGING_NAME_SIZE];
	CLEANUP_CLOSE int download = -1, image = -1;
	Rebuild rebuild = {.transaction = transaction, .change = change};
	int r;

	if (store_read_staged(store, staging_download(change->download, name), &download, error) < 0 ||
		store_open_staged(store, staging_image(change->manifest, name), &image, error) < 0)
		return -1;
	if (ftruncate(image, 0) < 0)
		return error_os(error, errno, "cannot begin the image anew");
	rebuild.image = image;
	r = decode(&rebuild, download, error);
	delta_header_clear(&rebuild.header);
	return r;
}

static int rebuild_with_progress(const Transaction *transaction, const Change *change, Error *error)
{
	Progress *progress = transaction->engine->progress;
	CLEANUP_FREE char *label = NULL;
	char size[TEXT_SIZE_MAX];
	int r;

	if (text_format(&label, error, "rebuilding %s", change->component) < 0)
		return -1;
	progress_begin(progress, label);
	r = rebuild_one(transaction, change, error);
	progress_end(progress, r != 0 ? NULL : text_size(change->manifest->image_size, size));
	if (r != 0)
		(void)error_in(error, "%s", change->download->path);
	return r;
}

/* A delta that does not lead to the image, or begins from a letter that rotted here, leaves the other ways.
 */
static int rebuild_any_way(Transaction *transaction, Change *change, Error *error)
{
	for (;;) {
		Error why = ERROR_INIT;
		int r = rebuild_with_progress(transaction, change, &why);

		if (r == 0)
			return 0;
		if (r < 0 || !plan_take_next_way(transaction, change, &why)) {
			*error = why;
			return -1;
		}
		if (fetch_any_way(transaction, change, error) < 0)
			return -1;
	}
}

int step_rebuild(Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (transaction->changes[i].download &&
			rebuild_any_way(transaction, &transaction->changes[i], error) < 0)
			return error_in(error, "%s", transaction->changes[i].component);
	return 0;
}
