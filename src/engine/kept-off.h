/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What people took off: an install without names leaves it off until there is a newer letter, or a base of
 * another version. A part of the document "state" (docs/formats/state.md).
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "parts/manifest/manifest.h"

typedef struct KeptOffItem {
	char component[MANIFEST_NAME_MAX + 1];
	char base_version[MANIFEST_NAME_MAX + 1];
	unsigned sequence; /* this letter and those before it */
} KeptOffItem;

/* Each component once. Starts zeroed. */
typedef struct KeptOff {
	KeptOffItem *items;
	size_t n;
} KeptOff;

void kept_off_clear(KeptOff *kept);

/* What was active is off now, in place of what the component had here. */
int kept_off_put(KeptOff *kept, const Manifest *manifest, Error *error);

/* This letter was asked for: nothing of its component is kept off any more, unless it is a newer one. */
void kept_off_welcome(KeptOff *kept, const Manifest *manifest);

bool kept_off_covers(const KeptOff *kept, const Manifest *manifest);

/* [{"component", "letter", "base_version"}], and back. */
int kept_off_to_json(const KeptOff *kept, json_t **ret, Error *error);
int kept_off_from_json(const json_t *array, KeptOff *ret, Error *error);
int kept_off_item_to_json(const KeptOffItem *item, json_t *object, Error *error);
