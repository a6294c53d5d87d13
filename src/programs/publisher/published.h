/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A repository directory and what is published in it, read as a stranger would: nothing is believed that its
 * signed metadata does not say, beginning with a trusted root. And written: immutable files first, then the
 * metadata that names them.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/file.h"
#include "parts/manifest/manifest.h"
#include "parts/trust/signer/signer.h"
#include "parts/trust/updater.h"

typedef struct Published Published;

enum { PUBLISHED_ABSENT = 1 };

/*
 * trusted_root: a file; NULL for the repository's own metadata/1.root.json.
 *
 * lock: for those who will change something, and sign anew even what has expired. One program at a time may:
 * the lock is an advisory one on the directory itself, so that no file is left in what is copied to a server.
 * It is held until published_free().
 */
int published_open(const char *path, const char *trusted_root, bool lock, Published **ret, Error *error);
Published *published_free(Published *repository);
DEFINE_CLEANUP(Published *, published_free);

int published_directory(const Published *repository); /* its descriptor; stays the repository's */

/* A target as the signed metadata has it; PUBLISHED_ABSENT when it has none. */
int published_find(Published *repository, const char *path, UpdaterTarget *ret, Error *error);

/* The bytes of a target, held against its signed length and digest. The sentence leaves its path to the
 * caller. */
int published_map(Published *repository, const UpdaterTarget *target, FileMap *ret, Error *error);

/* All targets' paths below a prefix, in order. */
typedef struct PublishedPaths {
	char **paths;
	size_t count;
} PublishedPaths;

int published_list(Published *repository, const char *prefix, PublishedPaths *ret, Error *error);
void published_paths_clear(PublishedPaths *paths);
static inline void published_paths_clear_cleanup(PublishedPaths *paths)
{
	published_paths_clear(paths);
}
#define CLEANUP_PATHS __attribute__((cleanup(published_paths_clear_cleanup)))

/* Parses the manifest at a target path and checks that it belongs there. */
int published_manifest(Published *repository, const char *path, Manifest **ret, Error *error);

/* The newest letter's manifest of a series (layout_series()); PUBLISHED_ABSENT when there is no letter. */
int published_newest(Published *repository, const char *series, Manifest **ret, Error *error);

/* Stores a target's bytes where they belong, durably; the metadata does not name them yet. ret->path is
 * borrowed from path. */
int published_store(int directory, const char *path, Bytes content, SignerTarget *ret, Error *error);

/* Locks a repository directory as published_open() does, for work that does not read it first. */
int published_lock(int directory, const char *path, Error *error);
