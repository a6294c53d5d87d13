/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writes an image from a staged directory through mkfs.erofs. Publisher only.
 */

#include <stdint.h>

#include "base/error.h"

/*
 * tree is a directory whose content becomes the image's root: owners, modes, symlinks, extended attributes
 * and whiteouts (character devices 0:0) as they are there. The same tree gives the same bytes with one
 * version of mkfs.erofs, wherever it lies, in whatever order it was staged, and whatever SOURCE_DATE_EPOCH
 * says: every time stamp is `time` (seconds since 1970), the UUID is derived from `name`. image is created
 * anew; nothing is left of it on failure.
 */
int image_build(const char *tree, const char *name, int64_t time, const char *image, Error *error);
