/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Root's end of the talk with a worker: whole messages, each waited for no longer than is said.
 */

#include <sys/socket.h>

#include "parts/worker/protocol.h"
#include "parts/worker/worker-process.h"

/* The worker was silent, has ended, or is out of order: the sentence says which. It is of no use any more. */
enum { WORKER_TALK_OVER = 1 };

typedef struct WorkerTalk {
	WorkerProcess process;
	unsigned silence; /* seconds to wait for it, each time */
	uint8_t message[PROTOCOL_REPLY_MAX];
} WorkerTalk;

/* The next message; *ret points into the talk. Descriptors that come with it are dropped, and it is out of
 * order then. */
int worker_talk_receive(WorkerTalk *talk, Bytes *ret, Error *error);

/* *ret_heard: nothing was sent, because the worker speaks first, or has gone. */
int worker_talk_send(WorkerTalk *talk, const struct msghdr *message, bool *ret_heard, Error *error);

/* For a message that may not come: puts so before the sentence that says why, and returns WORKER_TALK_OVER.
 */
int worker_talk_disorder(Error *error);

/* The first message: it is ready. One that never gets ready says nothing about what it would have been
 * given: that is < 0 as well. */
int worker_talk_begin(WorkerTalk *talk, Error *error);
