/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sets of improvements: what is active, what a transaction wants, what a generation holds. Each is its
 * manifest, by the digest under which the store keeps it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/json.h"
#include "parts/manifest/manifest.h"
#include "parts/store/store.h"

typedef struct Improvement {
	Manifest *manifest;
	Digest manifest_digest;
	int64_t installed; /* seconds since 1970; 0: not yet */
} Improvement;

/* Sorted by component, each component once. Starts as IMPROVEMENTS_INIT. */
typedef struct Improvements {
	Improvement *items;
	size_t n;
} Improvements;

#define IMPROVEMENTS_INIT \
	(Improvements) \
	{ \
		.items = NULL \
	}

void improvements_clear(Improvements *set);
static inline void improvements_clear_cleanup(Improvements *set)
{
	improvements_clear(set);
}
#define CLEANUP_IMPROVEMENTS __attribute__((cleanup(improvements_clear_cleanup)))

Improvement *improvements_find(const Improvements *set, const char *component);

/* Reads one manifest out of the store into the set, in place of one of the same component. */
int improvements_put(Improvements *set, const Store *store, const Digest *manifest_digest, int64_t installed,
	Error *error);
void improvements_drop(Improvements *set, const char *component);
int improvements_copy(const Improvements *from, const Store *store, Improvements *ret, Error *error);
bool improvements_equal(const Improvements *a, const Improvements *b);

/* [{"component", "letter", "manifest", "installed"}], and back. */
int improvements_to_json(const Improvements *set, json_t **ret, Error *error);
int improvements_from_json(const json_t *array, const Store *store, Improvements *ret, Error *error);
