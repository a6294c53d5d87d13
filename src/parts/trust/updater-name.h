/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * File names and URL paths from hostile role and target names: percent-encoded (RFC 3986: letters, digits and
 * "-._~" stay), so that they never leave their directory.
 */

#include <stdint.h>

#include "base/error.h"

/* "ROLE.json", or "VERSION.ROLE.json" with a version of 1 or more; the caller frees it. Refuses names too
 * long for a file. */
int updater_name_of_role(const char *role, int64_t version, char **ret, Error *error);

/* A file name for a target in a directory of one's own: its path, percent-encoded as a whole; of a path that
 * is too long for that the SHA-256. Refuses paths that are not safe. */
int updater_name_flat(const char *path, char **ret, Error *error);

/* "DIR/DIGEST.NAME" with a hexadecimal digest, or "DIR/NAME" when it is NULL. Refuses paths that are not
 * safe, and digests that are none. */
int updater_name_of_target(const char *path, const char *digest, char **ret, Error *error);
