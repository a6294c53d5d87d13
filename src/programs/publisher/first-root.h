/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The content of a repository's first root, and the keys that go with it.
 */

#include <jansson.h>

#include "base/error.h"
#include "parts/trust/signer/key-public.h"
#include "parts/trust/signer/key-set.h"

/* Makes a key for targets, snapshot and timestamp each in the directory, and adds them to keys. Root gets the
 * given keys, of which threshold must sign; or, when none is given, one that is made like the others. */
int first_root_make(int directory, const char *type, const PublicHalf *root_keys, size_t n_root_keys,
	int64_t threshold, KeySet *keys, json_t **ret, Error *error);
