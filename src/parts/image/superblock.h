/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The EROFS superblock: 128 bytes at offset 1024 of the image. Only what `mkfs.erofs` writes without
 * compression, chunks and extra devices passes; its checksum is the kernel's to check, since every image is
 * held against a SHA-256 digest before anything believes it.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { SUPERBLOCK_END = 1024 + 128 };

typedef struct Superblock {
	Bytes image;        /* just the blocks that the superblock counts; nothing beyond is ever read */
	uint64_t inodes_at; /* byte offset of the inode with number 0 */
	uint64_t root;      /* number of the root directory's inode */
} Superblock;

/* Reads it from an image of `size` bytes, of which at least the first SUPERBLOCK_END are at hand (fewer are
 * no EROFS image). */
int superblock_read(Bytes image, uint64_t size, Superblock *ret, Error *error);
