/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * EROFS directories: each block of the content is a table of 12-byte entries, then their names, which need
 * no terminator. Names ascend bytewise through the whole directory; "." and ".." are among them.
 */

#include "parts/image/inode.h"

typedef struct DirectoryEntry {
	const char *name; /* length bytes, not terminated; neither "." nor "..", no slash, no zero byte */
	size_t length;
	uint64_t inode;
	uint8_t type; /* see directory_check_type() */
} DirectoryEntry;

typedef int (*DirectoryVisitor)(void *userdata, const DirectoryEntry *entry, Error *error);

/* Does the entry's type say the same as the inode's mode? */
int directory_check_type(const DirectoryEntry *entry, mode_t mode, Error *error);

/* Every entry but the two dots, which must name the directory itself and its parent. */
int directory_walk(const Superblock *superblock, const Inode *directory, uint64_t parent,
	DirectoryVisitor visitor, void *userdata, Error *error);
