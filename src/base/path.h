/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Paths from strangers. Inside Suture a path of the OS is relative to the root, without a leading slash:
 * "usr/lib/x86_64-linux-gnu/libxml2.so.2.9.14".
 */

#include <stdbool.h>

#include "base/error.h"

enum { PATH_LENGTH_MAX = 1023 };

/* Relative, not empty, no empty, "." or ".." components, no control characters, at most PATH_LENGTH_MAX
 * bytes: such a path cannot leave the directory it is resolved in but through a symlink. */
bool path_is_safe(const char *path);

/* error_set() with the reason when path_is_safe() is false. */
int path_check(const char *path, Error *error);

/* The part behind the last slash; points into path. */
const char *path_basename(const char *path);

/* "DIR/NAME", with one slash in between; the caller frees it. */
int path_join(const char *directory, const char *name, char **ret, Error *error);
