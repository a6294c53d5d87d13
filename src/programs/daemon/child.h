/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The process that one operation runs in: sutured goes on answering meanwhile, a crash is an error of this
 * operation alone, and its memory is gone with it.
 */

#include <sys/types.h>

#include "engine/operation.h"
#include "programs/daemon/place.h"

typedef struct ChildWork {
	const Operation *operation;
	const Place *place;
	OperationInput input;
	uid_t uid;    /* for whom the report is */
	pid_t caller; /* who ends when he has it; 0: he stays */
	pid_t daemon; /* sutured, which leaves once /usr was changed */
} ChildWork;

/* Forks it off; it waits then until it is let begin, and ends when the socket is closed before.
 * *ret_socket is where its records come from; it does not block. */
int child_start(const ChildWork *work, pid_t *ret_pid, int *ret_socket, Error *error);

void child_let_begin(int socket);
