/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Canonical JSON, as TUF's signatures and key ids cover it (TUF 1.0.x section 4.2.1, OLPC canonical JSON):
 * no blanks, keys sorted by their UTF-8 bytes, only '"' and '\' escaped, integers only.
 */

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

enum { CANONICAL_DEPTH_MAX = 64 };

/* Appends the canonical form. Refuses numbers with a fraction or exponent, which have no such form, and
 * values that are nested deeper than CANONICAL_DEPTH_MAX. */
int canonical_write(json_t *value, Buffer *ret, Error *error);

/* SHA-256 of the canonical form. Of a key object, this is its key id. */
int canonical_digest(json_t *value, Digest *ret, Error *error);
