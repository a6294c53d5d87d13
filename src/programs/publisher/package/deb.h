/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reads Debian binary packages (deb(5)) through libarchive: an ar archive with debian-binary, control.tar.*
 * and data.tar.*. Packages are hostile until they have been read: every size, count and path is bounded.
 */

#include "programs/publisher/package/package.h"

int deb_read(PackageSet *set, const char *path, Error *error);
