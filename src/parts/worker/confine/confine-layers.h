/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The layers that confine_reach() and confine_calls() put on, in confine-*.c.
 */

#include <seccomp.h>
#include <sys/types.h>

#include "parts/worker/confine/confine.h"

/* Namespaces of its own for all but processes, in which no file system is left but one that cannot be written
 * to: an empty one, or one with copies. */
int confine_to_own_root(const Confinement *kept, Error *error);

/* Copies into the root that is to be, an open directory. */
int confine_copy_files(int root, const char *const *files, Error *error);
int confine_copy_certificates(int root, const char *directory, Error *error);

/* The user that the package makes for workers, from /etc/passwd; one that nobody is, where there is none. */
int confine_find_user(uid_t *ret_uid, gid_t *ret_gid, Error *error);

/* Becomes that user, with no group and no capability, and none to be got. */
int confine_to_user(uid_t uid, gid_t gid, Error *error);

/* Of memory, files, processes. own_user: nobody else's processes count. */
int confine_limits(const Confinement *kept, bool own_user, Error *error);

/* Landlock with everything handled, as far as this kernel knows it. Allowed is nothing, or to read below this
 * directory and to connect. */
int confine_by_landlock(const char *readable, Error *error);

/* Rules for system calls with a network: these and no others; and, when narrow, with what arguments. Returns
 * what libseccomp does. */
int confine_allow_network(scmp_filter_ctx filter, bool narrow);
