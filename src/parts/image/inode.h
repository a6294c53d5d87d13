/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * EROFS inodes: 32 bytes (compact) or 64 (extended), then extended attributes, then for the inline-tail
 * layout the last, partial block of the content. Numbers ("nid") count 32-byte slots.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/image/superblock.h"

typedef struct Inode {
	uint64_t number;
	mode_t mode;
	uint32_t uid, gid;
	uint64_t size;
	uint32_t rdev;      /* devices; 0 for everything else */
	uint64_t blocks_at; /* byte offset of the content's whole blocks */
	uint64_t tail_at;   /* byte offset behind the inode and its attributes: the inline tail */
	bool inline_tail;
} Inode;

int inode_read(const Superblock *superblock, uint64_t number, Inode *ret, Error *error);

/* The index-th block of the content, shorter at the end; index lies within the size. */
int inode_block(const Superblock *superblock, const Inode *inode, uint64_t index, Bytes *ret, Error *error);

/* The whole content, which must be one contiguous run, and where it begins in the image. */
int inode_content(
	const Superblock *superblock, const Inode *inode, Bytes *ret, uint64_t *ret_offset, Error *error);
