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

/* Which program, and what it is to do. */
typedef struct WorkerProgram {
	const char
		*variable; /* of the environment: names another program, for builds that are not installed */
	const char *path;  /* of the installed one */
	const char *role;  /* its one argument */
} WorkerProgram;

typedef struct WorkerStart {
	const WorkerProgram *program;
	char *const *environment; /* that it gets; NULL: none */
	unsigned seconds;         /* of processor time */
	uint64_t addresses;       /* bytes */
} WorkerStart;

/* Starts it with nothing but its end of the socket, in a process namespace of its own. */
int worker_process_start(WorkerProcess *process, const WorkerStart *start, Error *error);

/* Ends it and waits for its end. */
void worker_process_end(WorkerProcess *process);

/* For one that has closed its end of the socket: waits so many seconds for its own end, and says what that
 * was. Always returns -1. */
int worker_process_explain(WorkerProcess *process, unsigned seconds, Error *error);
