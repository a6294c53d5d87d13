/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mounting a file system step by step: fsopen(2), fsconfig(2), fsmount(2). What the kernel has to say about a
 * failure becomes part of the sentence.
 */

#include "base/error.h"

/* A new context for a file system type, which the kernel loads the module of when it has one. */
int fs_context_open(const char *type, int *ret_context, Error *error);

/* Sets a parameter; value NULL sets a flag. */
int fs_context_set(int context, const char *key, const char *value, Error *error);

/* Makes the file system and a detached mount of it with MOUNT_ATTR_* attributes. Error.os_error tells the
 * kernel's reason. */
int fs_context_mount(int context, unsigned int attributes, int *ret_mount, Error *error);
