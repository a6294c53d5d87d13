/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The tar archive that stands for a tree, made into a directory. The archive is a stranger's: nothing is
 * written outside the new directory, through a symlink, over something that is there, or in larger amounts
 * than the archive has bytes.
 */

#include "base/bytes.h"
#include "base/error.h"

/* path does not exist yet; its directory does. On failure nothing is left at path. */
int tree_unpack(Bytes archive, const char *path, Error *error);
