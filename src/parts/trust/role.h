/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who may sign what: the keys that root or a delegating role lists (KeyRing), and a role's share of them
 * with its threshold (Role). Both borrow from the metadata they were parsed from.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "parts/trust/metadata.h"
#include "parts/trust/public-key.h"

enum { ROLE_KEYS_MAX = 256, KEY_RING_MAX = 4096 };

typedef struct KeyRingEntry {
	const char *id;
	PublicKey *key; /* NULL: of an unknown scheme or under a wrong id, verifies nothing */
} KeyRingEntry;

typedef struct KeyRing {
	KeyRingEntry *entries; /* in the order of their ids */
	size_t count;
} KeyRing;

/* From a "keys" object. What counts for a threshold is the key itself: two right ids can name the same one,
 * written differently. */
int key_ring_parse(json_t *keys, KeyRing *ret, Error *error);
void key_ring_clear(KeyRing *ring);

typedef struct Role {
	const json_t *ids; /* array of key ids, each once */
	int64_t threshold; /* 1 or more */
} Role;

/* From an object with keyids and threshold. */
int role_parse(const json_t *object, Role *ret, Error *error);

/* Did enough distinct keys of the role sign? Bad, empty and foreign signatures do not count and do no harm.
 * name is the signed role's. */
int role_verify(
	const Role *role, const KeyRing *ring, const Metadata *metadata, const char *name, Error *error);
