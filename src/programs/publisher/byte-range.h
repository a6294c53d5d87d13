/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The Range field of a request (RFC 9110, 14.2), as far as one range goes.
 */

#include <stdint.h>

enum {
	BYTE_RANGE_NONE = 1,    /* none, several, or nonsense: the whole file is the answer */
	BYTE_RANGE_OUTSIDE = 2, /* nothing of it lies within the file: 416 */
};

/* text may be NULL. On 0, [*ret_start, *ret_start + *ret_length) lies within size and is not empty. */
int byte_range_parse(const char *text, uint64_t size, uint64_t *ret_start, uint64_t *ret_length);
