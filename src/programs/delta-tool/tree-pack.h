/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A directory tree as one stream of bytes, the same for the same tree: an uncompressed tar archive, sorted
 * by name, with permissions (0777) and symlinks; without owners, times, set-id bits and extended attributes.
 * Hard links become files of their own. Devices, sockets and pipes are refused.
 */

#include "base/file.h"
#include "parts/delta/encode/diff.h"
#include "programs/delta-tool/old-files.h"

typedef struct PackedTree {
	FileMap map;
	DiffExtent *extents; /* the files, each with the old one of its name as its likely source */
	size_t n_extents;
} PackedTree;

/* The archive is kept in a file without a name beside `beside`. */
int tree_pack(const char *path, const OldFiles *old, const char *beside, PackedTree *ret, Error *error);

void packed_tree_clear(PackedTree *packed);
static inline void packed_tree_clear_cleanup(PackedTree *packed)
{
	packed_tree_clear(packed);
}
