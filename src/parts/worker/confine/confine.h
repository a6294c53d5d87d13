/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a process that handles bytes of strangers takes from itself for ever (docs/worker.md). Whatever it
 * needs from a file must be loaded before, but for what it says it needs.
 *
 * Each layer must hold by itself. A layer that this kernel has and that cannot be put on is a failure, whose
 * sentence names it: then the process must not go on.
 */

#include <stdbool.h>

#include "base/error.h"

/* What it does not take from itself; nothing of it for a process that only computes. */
typedef struct Confinement {
	bool network; /* the machine's network, over TCP and UDP, and threads */
	/* Of these its new root has copies, which nobody can change: files, the last one NULL, those left out
	 * that are not there; and the certificates of a directory in OpenSSL's form, or NULL. */
	const char *const *files;
	const char *certificates;
} Confinement;

/*
 * Everything but its system calls: session, standard streams, namespaces, file systems, user, capabilities,
 * limits, Landlock. As root the process must be the first of a process namespace. Without root there is
 * neither a user to leave nor a right to namespaces: then the rest of them, and what lies in /etc can be
 * read in place of copies.
 */
int confine_reach(const Confinement *kept, Error *error);

/* Its system calls: those that compute and talk over an open socket, and, for a network, those that
 * confine-network.c lists. Any other ends the process. */
int confine_calls(const Confinement *kept, Error *error);
