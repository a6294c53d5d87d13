/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Does an image hold exactly what its manifest says: every path with its type, mode, owner and bytes, and
 * nothing else?
 */

#include "base/bytes.h"
#include "base/error.h"
#include "parts/manifest/manifest.h"

int contents_check(Bytes image, const Manifest *manifest, Error *error);
