/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Durable state on the device (docs/formats/state.md): small JSON documents replaced atomically, images and
 * manifests named by their digest, one lock. After a cut at any instant, the next open finds a valid state.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

enum { STORE_ABSENT = 1, STORE_BUSY = 2 };

typedef struct Store Store;

/* Opens (for writing: makes, with mode 0755) the state directory. Without write access a reader can still
 * look at it. STORE_ABSENT when there is none and write is false. */
int store_open(const char *path, bool write, Store **ret, Error *error);
Store *store_free(Store *store);
DEFINE_CLEANUP(Store *, store_free);

int store_directory(const Store *store); /* its descriptor; stays the store's */
const char *store_path(const Store *store);

/* Only one process at a time may change anything. Waits up to wait_ms; STORE_BUSY, with the holder's pid in
 * the sentence, when it is still held then. Held until store_free(). */
int store_lock(Store *store, int64_t wait_ms, Error *error);

/* Documents: "state", "journal", "history", "held". STORE_ABSENT when there is none. A document that cannot
 * be parsed is an error that names the file. */
int store_load(const Store *store, const char *name, json_t **ret, Error *error);
int store_save(Store *store, const char *name, const json_t *document, Error *error);
int store_remove(Store *store, const char *name, Error *error);

/* Blobs by digest: kind is "images" or "manifests". */
enum { STORE_NAME_SIZE = 128 };
const char *store_blob_name(const char *kind, const Digest *digest, char name[static STORE_NAME_SIZE]);
bool store_has_blob(const Store *store, const char *kind, const Digest *digest);
int store_put_blob(Store *store, const char *kind, const Digest *digest, Bytes content, Error *error);

/* Staging: files under way, "staging/NAME". Opened read-write, made when absent, its bytes kept for resuming.
 */
int store_open_staged(Store *store, const char *name, int *ret_fd, Error *error);
/* fsync, then rename of a staged file to its blob's name, durable. */
int store_commit_staged(Store *store, const char *name, const char *kind, const Digest *digest, Error *error);
int store_remove_staged(Store *store, const char *name, Error *error);

/* Removes blobs that no digest in keep names, and everything staged that is not named in keep_staged. */
int store_collect(Store *store, const char *kind, const Digest *keep, size_t n_keep, Error *error);
