/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Deltas of images: making them, and proving that they apply.
 */

#include "base/bytes.h"
#include "base/error.h"
#include "base/progress.h"
#include "parts/delta/encode/diff.h"
#include "parts/manifest/manifest.h"
#include "programs/publisher/package/package.h"

/* What a delta may start from: files with their bytes, sorted by name. Names and bytes are borrowed. */
typedef struct DeltaOffer {
	DiffSource *items;
	size_t n_items;
} DeltaOffer;

void deltas_offer_clear(DeltaOffer *offer);
static inline void deltas_offer_clear_cleanup(DeltaOffer *offer)
{
	deltas_offer_clear(offer);
}
#define CLEANUP_OFFER __attribute__((cleanup(deltas_offer_clear_cleanup)))

/* The base files that a manifest names, from a set of packages that has them all. */
int deltas_offer_base(const Manifest *manifest, const PackageSet *base, DeltaOffer *ret, Error *error);

/* An earlier letter's image, as the single file ".". */
int deltas_offer_image(Bytes image, DeltaOffer *ret, Error *error);

/* progress: NULL for none. */
int deltas_make(const DeltaOffer *offer, Bytes image, Progress *progress, Buffer *ret, Error *error);

/* Applies the delta in this process and compares what comes out with the image, byte for byte. */
int deltas_check(Bytes delta, const DeltaOffer *offer, Bytes image, Error *error);
