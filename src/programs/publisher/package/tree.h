/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reads a directory tree that holds (a part of) an OS: its usr, etc and opt, and bin, sbin and lib* where
 * they are directories. Everything else of a root (home, var, proc…) is left alone.
 */

#include "programs/publisher/package/package.h"

int tree_read(PackageSet *set, const char *path, Error *error);
