/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Finds the longest stretch of a text that some other bytes begin with: a suffix array (libdivsufsort).
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

typedef struct Suffix Suffix;

/* text (borrowed) has less than 2 GiB. */
int suffix_new(Bytes text, Suffix **ret, Error *error);
Suffix *suffix_free(Suffix *suffix);
DEFINE_CLEANUP(Suffix *, suffix_free);

/* How many bytes of `bytes` occur in the text; where, in *ret_found, which is for suffix_near(). */
size_t suffix_find(const Suffix *suffix, Bytes bytes, size_t *ret_found);

/* A place in the text where bytes, which have been found and are not empty, are; of several one near `wish`.
 */
size_t suffix_near(const Suffix *suffix, size_t found, Bytes bytes, size_t wish);
