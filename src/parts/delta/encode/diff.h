/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Makes a delta. Publisher only: no device program links this.
 */

#include "parts/delta/format/format.h"

/* An old file on offer. Only those that help end up in the delta's header. */
typedef struct DiffSource {
	const char *name;
	Bytes bytes;
} DiffSource;

/* A run of the new bytes that is a file of its own (in an image: a file's extent), and the old file that it
 * most likely comes from. Runs are sorted and do not overlap; what lies between them is diffed too. When
 * there are more old bytes than can be searched together, the likely files come first. */
typedef struct DiffExtent {
	uint64_t offset, length;
	size_t likely_source; /* index, or SIZE_MAX for none */
} DiffExtent;

typedef enum DiffLevel {
	DIFF_SMALL, /* the smallest delta */
	DIFF_FAST,  /* half the time, a little larger */
} DiffLevel;

typedef void (*DiffProgress)(void *userdata, uint64_t done, uint64_t total);

typedef struct DiffJob {
	const DiffSource *sources;
	size_t n_sources;
	Bytes result;
	const DiffExtent *extents;
	size_t n_extents;
	DiffLevel level;
	unsigned workers;      /* threads; 0: as many as there are processors. The delta is the same */
	DiffProgress progress; /* may be NULL; called by one thread at a time, not always the caller's */
	void *userdata;
} DiffJob;

/* Appends the delta. Deterministic: the same input gives the same delta. */
int delta_diff(const DiffJob *job, Buffer *ret, Error *error);
