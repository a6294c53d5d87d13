/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HASHES objects of TUF metadata (TUF 1.0.x sections 4.4 to 4.6): algorithm → hexadecimal digest. Those of
 * sha256, sha384 and sha512 are checked; what else is listed beside them is skipped.
 */

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"

enum {
	HASHES_DIFFER = 1,
	HASHES_UNKNOWN = 2, /* no known algorithm is listed */
};

/* The shape: at least one pair of strings. */
int hashes_check(json_t *hashes, Error *error);

/* Does content have every digest of a known algorithm? When one differs, *ret_algorithm names it. */
int hashes_match(const json_t *hashes, Bytes content, const char **ret_algorithm);

/* The digest that names the file with consistent snapshots: the first known one. NULL when there is none. */
const char *hashes_name(const json_t *hashes);
