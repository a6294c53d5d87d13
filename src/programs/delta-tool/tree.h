/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a directory tree holds, sorted by name as strcmp() does, so that a directory comes before what is in
 * it and the same tree always gives the same list. Symlinks are listed, never followed.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

enum { TREE_ENTRIES_MAX = 1000000 };

typedef struct TreeEntry {
	char *name;  /* relative to the tree; not checked with path_check() */
	mode_t mode; /* type and permissions */
	uint64_t size;
} TreeEntry;

typedef struct Tree {
	int fd; /* the directory, open */
	TreeEntry *entries;
	size_t count, capacity;
} Tree;

#define TREE_INIT \
	(Tree) \
	{ \
		.fd = -1 \
	}

/* Adds one behind the others. */
int tree_add(Tree *tree, const char *name, const struct stat *status, Error *error);

int tree_read(const char *path, Tree *ret, Error *error);

void tree_clear(Tree *tree);
static inline void tree_clear_cleanup(Tree *tree)
{
	tree_clear(tree);
}
