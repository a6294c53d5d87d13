/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where a repository keeps an improvement: OS/VERSION/ARCHITECTURE/COMPONENT/BASE/LETTER/FILE.
 */

#include "base/error.h"
#include "parts/manifest/manifest.h"

/* "debian/12/x86_64/libxml2/2.9.14+dfsg-1.3~deb12u4": the series of letters on one base. In BASE, what is not
 * in [A-Za-z0-9.+~-] is '_'. The caller frees it. */
int layout_series(const Manifest *manifest, char **ret, Error *error);

/* A file of one letter of the series. */
int layout_file(const Manifest *manifest, unsigned sequence, const char *name, char **ret, Error *error);
