/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Does a manifest match this base, byte for byte?
 */

#include "base/error.h"
#include "parts/manifest/manifest.h"

enum {
	BASE_ABSENT = 1,  /* none of the base's files is there: the component is not installed */
	BASE_DIFFERS = 2, /* some file has other bytes, is missing, or stands where one is to be added */
};

/*
 * usr is an open directory: the true base's /usr, below every overlay. Hashes every base file, following no
 * symlink, and looks that paths which the improvement adds are free (a symlink may stand there: manifests do
 * not name the base's symlinks). The sentence names the first file that differs.
 */
int base_check(const Manifest *manifest, int usr, Error *error);

/* Opens one base file below usr (its path begins with "usr/"), whose bytes have been checked or will be. */
int base_open_file(int usr, const char *path, int *ret_fd, Error *error);
