/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Checks a whole repository from nothing but a trusted root: every signature, size and digest, that every
 * manifest parses and lies where it belongs, and that every download gives the image it promises.
 */

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/options.h"

typedef struct VerifyReport {
	size_t n_targets, n_improvements, n_problems;
	size_t n_untried; /* deltas from a base that was not given */
} VerifyReport;

/* base: packages or trees, may be empty. Prints one line an improvement and one a problem on out. Fails when
 * the repository cannot be read at all; problems are counted. */
int verify_repository(const char *path, const char *trusted_root, const OptionList *base, FILE *out,
	VerifyReport *ret, Error *error);
