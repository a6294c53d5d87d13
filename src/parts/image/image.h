/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Images: read-only EROFS file systems that hold just the replaced, added and removed files of an
 * improvement. Reading here is for checking and for the publisher; on the device the kernel mounts them.
 * Format: the kernel's Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h. Only what Suture writes
 * is understood: 4096-byte blocks, uncompressed, plain or inline-tail layout.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

enum { IMAGE_BLOCK_SIZE = 4096, IMAGE_ENTRIES_MAX = 131072, IMAGE_DEPTH_MAX = 64 };

typedef struct ImageEntry {
	const char *path; /* relative to the image's root: "lib/…"; valid during the call */
	mode_t mode;      /* type and permission bits; a whiteout is a character device 0:0 */
	uint32_t uid, gid;
	uint64_t inode;  /* as stat() shows it once mounted; the same for hard links */
	uint64_t size;   /* of the content; 0 for devices, sockets and pipes */
	uint32_t rdev;   /* devices: encoded as the kernel's new_encode_dev() does */
	uint64_t offset; /* where content begins in the image; 0 when it is empty */
	Bytes content; /* regular files and symlinks: the bytes themselves, one contiguous run of the image */
} ImageEntry;

typedef int (*ImageVisitor)(void *userdata, const ImageEntry *entry, Error *error);

/*
 * Visits every entry below the root, a directory before what is in it, names within a directory in bytewise
 * order (so "a/x" comes before "a-b"). A visitor that returns < 0 ends the walk with its error.
 *
 * Survives any bytes: at most IMAGE_ENTRIES_MAX entries and IMAGE_DEPTH_MAX nested directories, safe paths
 * only (path_is_safe()), no directory in two places, no read outside. Files may share inodes and bytes.
 * Extended attributes are skipped.
 */
int image_walk(Bytes image, ImageVisitor visitor, void *userdata, Error *error);

/* Is the open file exactly `size` bytes with this digest, and an EROFS image by its superblock? */
int image_verify(int fd, uint64_t size, const Digest *digest, Error *error);
