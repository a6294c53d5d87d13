/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The process of a worker: its start, and how it ended.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef struct WorkerProcess {
	pid_t pid;        /* 0: none, or its end was waited for */
	int pidfd;        /* readable once it has ended */
	int socket;       /* this side's end */
	const char *path; /* of its program */
} WorkerProcess;

/* Starts suture-worker with nothing but its end of the socket, in a process namespace of its own, with so
 * many seconds of processor time and bytes of addresses. */
int worker_process_start(WorkerProcess *process, unsigned seconds, uint64_t addresses, Error *error);

/* Ends it and waits for its end. */
void worker_process_end(WorkerProcess *process);

/* For one that has closed its end of the socket: waits so many seconds for its own end, and says what that
 * was. Always returns -1. */
int worker_process_explain(WorkerProcess *process, unsigned seconds, Error *error);
