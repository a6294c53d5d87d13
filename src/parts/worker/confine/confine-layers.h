/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The layers that confine_reach() puts on, in confine-*.c.
 */

#include <sys/types.h>

#include "base/error.h"

/* Namespaces of its own for all but processes, in which no file system is left but an empty one that cannot
 * be written to. */
int confine_to_empty_root(Error *error);

/* The user that the package makes for workers, from /etc/passwd; one that nobody is, where there is none. */
int confine_find_user(uid_t *ret_uid, gid_t *ret_gid, Error *error);

/* Becomes that user, with no group and no capability, and none to be got. */
int confine_to_user(uid_t uid, gid_t gid, Error *error);

/* Of memory, files, processes. */
int confine_limits(Error *error);

/* Landlock with everything handled and nothing allowed, as far as this kernel knows it. */
int confine_by_landlock(Error *error);
