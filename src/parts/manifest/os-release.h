/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What OS a root holds, from its os-release file (os-release(5)) and the kernel's architecture.
 */

#include "base/error.h"
#include "parts/manifest/manifest.h"

/* Parses the file's text: quotes and escapes as os-release(5) has them. architecture may be NULL for this
 * machine's (uname). ret is cleared with os_clear(). */
int os_parse(Bytes text, const char *architecture, ManifestOs *ret, Error *error);

/* Reads etc/os-release, else usr/lib/os-release, below an open root directory; symlinks stay inside it. */
int os_read(int root, const char *architecture, ManifestOs *ret, Error *error);

void os_clear(ManifestOs *os);

enum { OS_DIFFERS = 1 };

/* 0 when a device with `device` may take what was made for `wanted`; OS_DIFFERS, with the sentence, when not.
 */
int os_match(const ManifestOs *wanted, const ManifestOs *device, Error *error);
