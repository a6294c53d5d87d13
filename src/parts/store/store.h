/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Durable state on the device (docs/formats/state.md): small JSON documents replaced atomically, images and
 * manifests named by their digest, files under way in staging, one lock. After a cut at any instant the next
 * open finds a valid state: the old or the new, never neither.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

enum { STORE_ABSENT = 1, STORE_BUSY = 2 };

typedef struct Store Store;

/* Opens the state directory; with write, makes what is missing of it (mode 0755: everybody may read what is
 * installed). STORE_ABSENT when there is none and write is false. */
int store_open(const char *path, bool write, Store **ret, Error *error);
Store *store_free(Store *store);
DEFINE_CLEANUP(Store *, store_free);

int store_directory(const Store *store); /* its descriptor; stays the store's */
const char *store_path(const Store *store);

/* Only one process at a time changes anything. Waits up to wait_ms; STORE_BUSY, with the holder's pid in the
 * sentence, when it is still held then. Held until store_free(). Sweeps temporary files of a crash away. */
int store_lock(Store *store, int64_t wait_ms, Error *error);
bool store_is_locked(const Store *store); /* by this process, through this store */

/* Documents: "state", "journal", … are files NAME.json. STORE_ABSENT when there is none; one that cannot be
 * parsed is an error that names the file. */
int store_load(const Store *store, const char *name, json_t **ret, Error *error);
int store_save(Store *store, const char *name, const json_t *document, Error *error);
/* As whole, but only durable with the document that is saved by store_save(), or removed, next: one flush of
 * the folder for both. */
int store_save_with_next(Store *store, const char *name, const json_t *document, Error *error);
/* Is this very document what is there? Then it need not be written. */
bool store_says(const Store *store, const char *name, const json_t *document);
int store_remove(Store *store, const char *name, Error *error);
/* One that is of no use any more, and that people may want to look at: NAME.json.damaged from now on, in
 * place of an earlier one. Durable with the document that is saved next. */
int store_set_aside(Store *store, const char *name, Error *error);

/* Blobs named by digest. */
typedef enum StoreKind { STORE_IMAGE, STORE_VERITY, STORE_MANIFEST } StoreKind;

enum { STORE_NAME_SIZE = 128 };

/* "images/SHA256.erofs", relative to the state directory. Returns name. */
const char *store_blob_name(StoreKind kind, const Digest *digest, char name[static STORE_NAME_SIZE]);
bool store_has_blob(const Store *store, StoreKind kind, const Digest *digest);
/* Whole after a crash, if it is there: that takes store_sync_blobs(), once for all of them, before something
 * durable cannot do without one. */
int store_put_blob(Store *store, StoreKind kind, const Digest *digest, Bytes content, Error *error);
int store_sync_blobs(const Store *store, StoreKind kind, Error *error);
/* STORE_ABSENT when there is none. */
int store_open_blob(const Store *store, StoreKind kind, const Digest *digest, int *ret_fd, Error *error);
/* Removes one whose bytes are not what its name says. No error when there is none. */
int store_discard_blob(Store *store, StoreKind kind, const Digest *digest, Error *error);

/* Files under way, "staging/NAME": opened for reading and writing, made when absent, their bytes kept so that
 * a download can go on. */
int store_open_staged(Store *store, const char *name, int *ret_fd, Error *error);
/* One that is there, for reading alone: for those who may not have a descriptor to write to. */
int store_read_staged(const Store *store, const char *name, int *ret_fd, Error *error);
/* fsync, then rename to the blob's name, durable. What staging may still show of it after a crash goes with
 * the rest of what is there. */
int store_commit_staged(Store *store, const char *name, StoreKind kind, const Digest *digest, Error *error);
int store_remove_staged(Store *store, const char *name, Error *error);
int store_clear_staging(Store *store, Error *error);

/* Removes every blob of this kind that no digest in keep names; before each, let_go (or NULL) is told which.
 */
int store_collect(Store *store, StoreKind kind, const Digest *keep, size_t n_keep,
	void (*let_go)(const Digest *digest), Error *error);
