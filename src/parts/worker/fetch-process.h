/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The fetcher's process, and one question to it.
 */

#include "parts/worker/protocol-fetch.h"
#include "parts/worker/worker-talk.h"

enum {
	FETCH_PROCESS_ABSENT = 1,
	FETCH_PROCESS_OTHER = 2, /* the sentence is set */
	FETCH_PROCESS_BROKE_OFF = 3,
	FETCH_PROCESS_NO_ANSWER = 4, /* the sentence is set */
};

/* What comes. A callback that fails ends the process, and the answer with its sentence. */
typedef struct FetchSink {
	int (*begin)(void *userdata, uint64_t at, Error *error);
	int (*take)(void *userdata, Bytes next, Error *error);
	void *userdata;
} FetchSink;

/* Starts it, with so many seconds of processor time. The talk is of zeros before. */
int fetch_process_start(WorkerTalk *talk, unsigned seconds, Error *error);

/* Asks it, and waits until end_ms of clock_monotonic_ms() at most. *ret_usable: it can be asked again. */
int fetch_process_ask(WorkerTalk *talk, const ProtocolFetch *fetch, int64_t end_ms, const FetchSink *sink,
	bool *ret_usable, Error *error);
