/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HTTP(S) downloads, as root has them made (docs/worker.md): a fetcher, a process of the program
 * suture-fetcher, speaks with the servers, and its answers are believed in nothing. They are bounded in bytes
 * and time here, whatever it says. Nothing that comes is trusted: callers check digests and signatures.
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "parts/worker/protocol-fetch.h"

enum {
	FETCH_ABSENT = 1,    /* the server answered 403, 404 or 410 */
	FETCH_OTHER = 2,     /* the server has a file of another length; the sentence is set as well */
	FETCH_NO_ANSWER = 3, /* there is no network, or nobody answers; the sentence is set as well */
};

typedef void (*FetchProgress)(void *userdata, uint64_t done, uint64_t total);

typedef struct Fetcher Fetcher; /* at most one process, and in it one connection pool; one thread */

/* The limits may be NULL; where one is 0 it is: 15 seconds to connect, 64 bytes a second for 30 seconds, 300
 * seconds in total, four hours for the whole, 5 redirects. The process is started when it is first needed:
 * the installed program, or what the environment variable SUTURE_FETCHER names. */
int fetcher_new(const FetchLimits *limits, Fetcher **ret, Error *error);
Fetcher *fetcher_free(Fetcher *fetcher);
DEFINE_CLEANUP(Fetcher *, fetcher_free);

/* The whole body, appended to *ret; more than max bytes is an error, found as early as the server's headers
 * allow. A connection that closes before the announced length is an error. */
int fetch_bytes(Fetcher *fetcher, const char *url, uint64_t max, Buffer *ret, Error *error);

/*
 * Downloads a file of exactly `size` bytes into fd, going on behind the bytes that it holds already (range
 * request; a server that ignores ranges makes it start again). What was got stays in fd after a failure, for
 * the next try. The bytes may still be the wrong ones: only a digest tells. *ret_received (may be NULL) is
 * what travelled this time.
 */
int fetch_file(Fetcher *fetcher, const char *url, uint64_t size, int fd, FetchProgress progress,
	void *userdata, uint64_t *ret_received, Error *error);
