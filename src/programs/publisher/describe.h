/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Metadata for people: what a file says, and what it changes about the one before it. On stdout.
 */

#include <jansson.h>

/* before, after: what is signed ("signed"), of root or of a targets role; before is NULL for the first. */
void describe_change(const char *role, const json_t *before, const json_t *after);

/* "  1234567890abcdef ed25519" */
void describe_key(char mark, const json_t *keys, const char *id);
