/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a process that handles bytes of strangers takes from itself for ever (docs/worker.md). Whatever it
 * needs from a file must be loaded before.
 *
 * Each layer must hold by itself. A layer that this kernel has and that cannot be put on is a failure, whose
 * sentence names it: then the process must not go on.
 */

#include "base/error.h"

/*
 * Everything but its system calls: session, standard streams, namespaces, file systems, user, capabilities,
 * limits, Landlock. As root the process must be the first of a process namespace. Without root there is
 * neither a user to leave nor a right to namespaces: then the rest of them.
 */
int confine_reach(Error *error);

/* Its system calls: those that compute and talk over an open socket. Any other ends the process. */
int confine_calls(Error *error);
