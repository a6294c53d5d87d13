/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The private keys that an operation has at hand. What a key may sign is for the metadata to say, not for the
 * name of its file. Publisher only.
 */

#include <stddef.h>

#include "base/error.h"
#include "parts/trust/signer/key.h"

typedef struct KeySet {
	SignerKey **keys;
	size_t count;
} KeySet;

/* Takes *key when it succeeds. A key that is there already is taken and dropped. */
int key_set_add(KeySet *set, SignerKey **key, Error *error);

void key_set_clear(KeySet *set);
static inline void key_set_clear_cleanup(KeySet *set)
{
	key_set_clear(set);
}
#define CLEANUP_KEY_SET __attribute__((cleanup(key_set_clear_cleanup)))
