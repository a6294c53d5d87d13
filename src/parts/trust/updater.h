/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The updater of a TUF client: what is asked for, in which order, with which bounds, and what is stored,
 * when. It owns a trusted set and does its I/O through the caller's functions, so it knows nothing of HTTP or
 * file systems, and nothing of Suture.
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

enum {
	UPDATER_ABSENT = 1, /* there is no such file, role or target */
};

/* What the server's timestamp was, beside the one that was known before. */
typedef enum UpdaterNews {
	UPDATER_NO_NEWS, /* there was none that could be compared */
	UPDATER_NEWER,
	UPDATER_SAME,
	UPDATER_OLDER, /* and was refused */
} UpdaterNews;

/* How an updater reaches the world. name is a flat, safe file name: "3.root.json" remotely, "root.json"
 * locally. */
typedef struct UpdaterIo {
	/* Downloads metadata, at most max bytes. UPDATER_ABSENT when the server has none. */
	int (*fetch)(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error);
	/* Reads trusted metadata from the local store. UPDATER_ABSENT when there is none. */
	int (*load)(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error);
	/* Replaces trusted metadata in the local store, durably. */
	int (*store)(void *userdata, const char *name, Bytes content, Error *error);
	void *userdata;
} UpdaterIo;

typedef struct Updater Updater;

/* The local store must hold "root.json" (put there once from the root that the OS vendor ships). now: seconds
 * since 1970. */
int updater_new(const UpdaterIo *io, int64_t now, Updater **ret, Error *error);
Updater *updater_free(Updater *updater);
DEFINE_CLEANUP(Updater *, updater_free);

/* root chain, timestamp, snapshot, targets; what was verified before a failing step is kept. */
int updater_refresh(Updater *updater, Error *error);

/* The same from the local store alone, without a request: for reports when the network is away. Expired
 * metadata is an error as in a refresh. */
int updater_load(Updater *updater, Error *error);

/* A target as signed metadata describes it. Strings belong to the updater. */
typedef struct UpdaterTarget {
	const char *path;
	uint64_t length;
	Digest digest;        /* SHA-256; zeros, which no file has, when only other hashes are listed */
	const json_t *hashes; /* all that the metadata lists */
} UpdaterTarget;

/* Looks a target up by path, through the delegations. UPDATER_ABSENT when no role that may speak for the
 * path knows it. */
int updater_find(Updater *updater, const char *path, UpdaterTarget *ret, Error *error);

/* Visits every target whose path begins with prefix, each path once, as updater_find() would answer, in path
 * order. visitor returns < 0 to stop. */
int updater_each(Updater *updater, const char *prefix,
	int (*visitor)(void *userdata, const UpdaterTarget *target, Error *error), void *userdata,
	Error *error);

/* Is content the target: its length, and every hash of a known algorithm? */
int updater_target_check(const UpdaterTarget *target, Bytes content, Error *error);

/* Where the target's bytes are on the server, relative to the base of the targets: with consistent snapshots
 * "DIR/DIGEST.NAME" with its SHA-256 or else another listed hash, otherwise the path itself; percent-encoded
 * as a URL path. The caller frees it. */
int updater_target_location(const Updater *updater, const UpdaterTarget *target, char **ret, Error *error);

/* When the first of the trusted root, timestamp, snapshot and targets expires, in seconds since 1970; 0
 * before a timestamp was verified. */
int64_t updater_expires(const Updater *updater);

/* Of the last refresh, also when it failed. */
UpdaterNews updater_news(const Updater *updater);
