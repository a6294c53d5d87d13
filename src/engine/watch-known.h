/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is watched: the improvements that are active and young, each a set with a number, and the identities
 * by which the kernel names their files when a process maps one (docs/watch.md).
 */

#include "engine/context.h"
#include "engine/exposure-targets.h"
#include "engine/state.h"
#include "engine/watch-judge.h"
#include "parts/manifest/letter.h"

typedef struct WatchImprovement {
	bool used;
	Digest manifest;
	char component[MANIFEST_NAME_MAX + 1];
	char letter[LETTER_SIZE];
} WatchImprovement;

typedef struct WatchFile {
	dev_t device;
	uint64_t inode;
	size_t set;
	const char *path; /* "/lib/x86_64-linux-gnu/libxml2.so.2.9.14": below usr; belongs to the targets */
} WatchFile;

/* Starts as WATCH_KNOWN_INIT. */
typedef struct WatchKnown {
	WatchImprovement items[WATCH_SETS_MAX]; /* a set keeps its number as long as it is watched */
	WatchSet ages[WATCH_SETS_MAX];
	Improvements improvements;
	ExposureTargets targets; /* of all of them */
	WatchFile *files;        /* sorted by inode */
	size_t n_files;
	json_t *failed_units;  /* that had failed without them; NULL: unknown */
	json_t *failing_units; /* services that were failing before the last of them came; NULL: unknown */
} WatchKnown;

#define WATCH_KNOWN_INIT \
	(WatchKnown) \
	{ \
		.n_files = 0 \
	}

void watch_known_clear(WatchKnown *known);

/* Looks again at what is active and mounted. Watched is what is younger than that at now. *ret_gone: a bit
 * for each set that is watched no more. Unchanged on failure. */
int watch_known_load(WatchKnown *known, const Engine *engine, int64_t now, int64_t seconds,
	uint64_t *ret_gone, Error *error);

/* A bit for each set that is watched. */
uint64_t watch_known_sets(const WatchKnown *known);

/* When the last of them is no longer young; 0 when there is none. */
int64_t watch_known_end(const WatchKnown *known, int64_t seconds);

/* The sets that this file is of. The path, whatever stands before usr, decides where the numbers are those of
 * several files: layers of one overlay number for themselves. */
uint64_t watch_known_find(const WatchKnown *known, dev_t device, uint64_t inode, Bytes path);

/* This process has mapped the file: its device is the one by which this kernel names what the set has. */
int watch_known_learn(WatchKnown *known, dev_t device, uint64_t inode, Bytes path, Error *error);

/* Maps a file of each set, as root/usr shows it, so that the kernel tells of it. */
void watch_known_show(const WatchKnown *known, const Engine *engine);

/* Had this unit failed without them, or was it failing when the last of them came? */
bool watch_known_had_failed(const WatchKnown *known, const char *unit);
