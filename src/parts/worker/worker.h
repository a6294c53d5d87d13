/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Root's side of a worker (docs/worker.md): a process of the program suture-worker, which gives up whatever
 * it may do, gets the bytes of strangers as descriptors that can only be read, and sends back what it made of
 * them. Nothing that it says is believed: sizes are held against what was asked for, its sentences are
 * bounded and quoted, and it is ended when it is silent, too long at work, or out of order.
 */

#include "parts/worker/protocol.h"

/* What was given leads to no result, or the worker was ended over it: the sentence says which. */
enum { WORKER_UNUSABLE = 1 };

/* Opens the old file with this number, from 0 on, for reading; *ret_fd becomes the worker's. What it returns
 * other than 0 ends the work, and worker_run() returns that. */
typedef int (*WorkerOpen)(void *userdata, uint32_t number, int *ret_fd, uint64_t *ret_size, Error *error);

/* Takes the next bytes of the result, at most PROTOCOL_DATA_MAX. */
typedef int (*WorkerSink)(void *userdata, Bytes next, Error *error);

typedef struct WorkerTask {
	ProtocolJob job;
	int download;      /* opened for reading alone */
	uint64_t old_size; /* bytes of all old files, or more */
	WorkerOpen open;
	WorkerSink sink;
	void *userdata;
} WorkerTask;

/* Time that a worker may take. */
typedef struct WorkerPatience {
	unsigned silence; /* seconds without a message */
	unsigned work;    /* seconds of processor time */
} WorkerPatience;

/* More for more bytes; meant for the slowest machines. */
WorkerPatience worker_patience(const WorkerTask *task);

/*
 * Has a worker do this. < 0: the device failed: no worker could be started, or the sink or an opening did.
 * The program is the installed one, or what the environment variable SUTURE_WORKER names. Nothing of the
 * worker is left when this returns.
 */
int worker_run(const WorkerTask *task, WorkerPatience patience, Error *error);
