/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Rebuilds each image: from the base's files, or the previous letter's image, and a delta; or from the whole
 * image as it was compressed. Old bytes are held against the delta's digests before the first new byte is
 * written.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/fetch-ways.h"
#include "engine/plan.h"
#include "engine/staging.h"
#include "engine/transaction.h"
#include "parts/delta/decode/apply.h"
#include "parts/image/image.h"
#include "parts/manifest/base-check.h"
#include "parts/manifest/letter.h"

/* Mapped old files, in the order of the delta's header. */
typedef struct OldFiles {
	FileMap *maps;
	Bytes *bytes;
	size_t n;
} OldFiles;

static void old_files_clear(OldFiles *old)
{
	for (size_t i = 0; i < old->n; i++)
		file_unmap(&old->maps[i]);
	free(old->maps);
	free(old->bytes);
}

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

static int map_old(const Transaction *transaction, const Change *change, const DeltaHeader *header,
	OldFiles *old, Error *error)
{
	old->maps = calloc(header->n_sources + 1, sizeof(*old->maps));
	old->bytes = calloc(header->n_sources + 1, sizeof(*old->bytes));
	if (!old->maps || !old->bytes)
		return error_memory(error);
	for (size_t i = 0; i < header->n_sources; i++) {
		CLEANUP_CLOSE int fd = -1;

		if (open_old(transaction, change, &header->sources[i], &fd, error) < 0 ||
			file_map(fd, header->sources[i].size, header->sources[i].name, &old->maps[i], error) <
				0)
			return -1;
		old->n = i + 1;
		old->bytes[i] = (Bytes){old->maps[i].data, old->maps[i].size};
	}
	return 0;
}

typedef struct Output {
	const Store *store;
	int fd;
	uint64_t done, total;
	Progress *progress;
} Output;

static int write_output(void *userdata, Bytes next, Error *error)
{
	Output *output = userdata;

	if (next.size > output->total - output->done)
		return error_set(error, "gives more than the %llu bytes of the image",
			(unsigned long long)output->total);
	if (file_write_all(output->fd, next, "the image", error) < 0)
		return error_in(error, "state directory %s", store_path(output->store));
	output->done += next.size;
	progress_update(output->progress, output->done, output->total);
	return 0;
}

static int apply(
	const Transaction *transaction, const Change *change, Bytes delta, Output *output, Error *error)
{
	__attribute__((cleanup(delta_header_clear_cleanup))) DeltaHeader header = {.sources = NULL};
	__attribute__((cleanup(old_files_clear))) OldFiles old = {NULL, NULL, 0};

	if (delta_header_parse(delta, &header, error) < 0)
		return -1;
	if (header.result_size != change->manifest->image_size ||
		!digest_equal(&header.result_digest, &change->manifest->image_digest))
		return error_set(error, "the delta makes another image than the manifest describes");
	if (map_old(transaction, change, &header, &old, error) < 0)
		return -1;
	return delta_apply(delta, &header, old.bytes, write_output, output, error);
}

static inline void zstd_free_cleanup(ZSTD_DStream **stream)
{
	(void)ZSTD_freeDStream(*stream);
}

/* The window is bounded by libzstd's default limit, 128 MiB: what a publisher's image.zst never exceeds. */
static int decompress(Bytes compressed, Output *output, Error *error)
{
	__attribute__((cleanup(zstd_free_cleanup))) ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {compressed.data, compressed.size, 0};
	size_t block_size = ZSTD_DStreamOutSize();
	CLEANUP_FREE uint8_t *block = malloc(block_size);
	size_t left = 1;

	if (!stream || !block)
		return error_memory(error);
	for (bool more = true; more;) {
		ZSTD_outBuffer out = {block, block_size, 0};

		left = ZSTD_decompressStream(stream, &out, &in);
		if (ZSTD_isError(left))
			return error_set(error, "cannot be decompressed: %s", ZSTD_getErrorName(left));
		if (write_output(output, (Bytes){block, out.pos}, error) < 0)
			return -1;
		more = left != 0 && (in.pos < in.size || out.pos == out.size);
	}
	if (in.pos < in.size)
		return error_set(error, "has bytes behind its end");
	return left == 0 ? 0 : error_set(error, "ends in the middle of the compressed image");
}

static int rebuild_one(const Transaction *transaction, const Change *change, Error *error)
{
	const Engine *engine = transaction->engine;
	char name[STAGING_NAME_SIZE], image_name[STAGING_NAME_SIZE];
	CLEANUP_CLOSE int fd = -1, image = -1;
	CLEANUP_MAP FileMap map = {NULL, 0};
	Output output = {engine->store, -1, 0, change->manifest->image_size, engine->progress};
	Bytes download;

	if (store_open_staged(engine->store, staging_download(change->download, name), &fd, error) < 0 ||
		file_map(fd, change->download->size, name, &map, error) < 0 ||
		store_open_staged(engine->store, staging_image(change->manifest, image_name), &image, error) <
			0)
		return -1;
	if (ftruncate(image, 0) < 0)
		return error_os(error, errno, "cannot begin the image anew");
	output.fd = image;
	download = (Bytes){map.data, map.size};
	return change->download->kind == MANIFEST_DELTA ? apply(transaction, change, download, &output, error)
							: decompress(download, &output, error);
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
	progress_end(progress, r < 0 ? NULL : text_size(change->manifest->image_size, size));
	return r < 0 ? error_in(error, "%s", change->download->path) : 0;
}

/* A delta that does not lead to the image, or begins from a letter that rotted here, leaves the other ways.
 */
static int rebuild_any_way(Transaction *transaction, Change *change, Error *error)
{
	Error why = ERROR_INIT;

	while (rebuild_with_progress(transaction, change, &why) < 0) {
		if (fetch_is_of_the_disk(&why) || !plan_take_next_way(transaction, change, &why)) {
			*error = why;
			return -1;
		}
		if (fetch_any_way(transaction, change, error) < 0)
			return -1;
		why = ERROR_INIT;
	}
	return 0;
}

int step_rebuild(Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (transaction->changes[i].download &&
			rebuild_any_way(transaction, &transaction->changes[i], error) < 0)
			return error_in(error, "%s", transaction->changes[i].component);
	return 0;
}
