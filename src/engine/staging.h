/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The names of a transaction's files in staging. They come from digests, so that an interrupted run's files
 * are found again, and never mistaken for others.
 */

#include <stdio.h>

#include "parts/manifest/manifest.h"

enum { STAGING_NAME_SIZE = 80 };

static inline const char *staging_name(
	const Digest *digest, const char *suffix, char name[static STAGING_NAME_SIZE])
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(name, STAGING_NAME_SIZE, "%s%s", digest_to_hex(digest, hex), suffix);
	return name;
}

/* What travels, as it travels. */
static inline const char *staging_download(
	const ManifestDownload *download, char name[static STAGING_NAME_SIZE])
{
	return staging_name(&download->digest, ".download", name);
}

/* The image made from it, and its hash tree. */
static inline const char *staging_image(const Manifest *manifest, char name[static STAGING_NAME_SIZE])
{
	return staging_name(&manifest->image_digest, ".image", name);
}

static inline const char *staging_tree(const Manifest *manifest, char name[static STAGING_NAME_SIZE])
{
	return staging_name(&manifest->image_digest, ".tree", name);
}
