/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where a tree of mounts is put together: a mount namespace that nobody else sees, with a directory in it
 * that becomes the working directory, so that what is mounted there has short names that need no escaping.
 * For a process that ends right after (errand.h): nothing here can be undone.
 */

#include "base/error.h"
#include "parts/overlay/stack.h"

/* The true base's usr in the workspace, on a mount without the mounts below it. */
#define WORKSPACE_BASE "base/usr"

/* Moves the process to a mount namespace of its own, from which nothing gets back to the one it was in. Works
 * in a chroot, too. */
int workspace_enter_namespace(Error *error);

/* Finds the base below every level of the stack, which was read in this namespace, and makes the workspace
 * with just WORKSPACE_BASE in it. Covers ROOT/usr. Refuses a stack with something on top that is neither a
 * generation nor the base: who mounted it would lose it from sight when a new generation covers it. */
int workspace_make(const Stack *stack, Error *error);

/* Mounts a detached tree on a new directory in the workspace. */
int workspace_place(int tree, const char *name, Error *error);
