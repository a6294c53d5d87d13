/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work in the name of a user whom root serves: a child of this process that has become that user for good,
 * without any descriptor of root's. What it talks to belongs to the user and may lie or never answer.
 */

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Runs in the child. directory: the user's runtime directory; result: as as_user() was given it, in the
 * child's own copy of all memory. Two-sided as usual; an error's sentence travels as well. */
typedef int (*AsUserWork)(const char *directory, void *result, Error *error);

/* Where a user's sockets are. */
enum { AS_USER_DIRECTORY_SIZE = 32 };
const char *as_user_directory(uid_t uid, char directory[static AS_USER_DIRECTORY_SIZE]);

/*
 * Becomes the owner of the runtime directory (and its group) in a child, has it work, and copies the size
 * bytes at result from it when it is done; they hold no pointers. result is untouched on failure. The child
 * is ended after seconds. Fails when the directory is not there: the user is not logged in. A caller who is
 * not root only does work of its own.
 */
int as_user(const char *directory, AsUserWork work, void *result, size_t size, int seconds, Error *error);
