/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HTTP(S) downloads through libcurl: bounded in bytes, redirects and time, with a floor on speed, resumed
 * where they broke off. Nothing here is trusted: callers check digests and signatures.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

enum {
	FETCH_ABSENT = 1, /* the server answered 403, 404 or 410 */
	FETCH_OTHER = 2,  /* the server has a file of another length; the sentence is set as well */
};

typedef void (*FetchProgress)(void *userdata, uint64_t done, uint64_t total);

typedef struct FetchLimits {
	long connect_seconds;   /* 0: 15 */
	long low_speed_bytes;   /* bytes a second; 0: 64 */
	long low_speed_seconds; /* slower than that for so long is a failure; 0: 30 */
	long total_seconds;     /* for one small download; 0: 300 */
	long whole_seconds;     /* for all that one fetcher does, from its making on; 0: four hours */
	long redirects;         /* 0: 5 */
} FetchLimits;

typedef struct Fetcher Fetcher; /* one connection pool; one thread */

int fetcher_new(const FetchLimits *limits, Fetcher **ret, Error *error);
Fetcher *fetcher_free(Fetcher *fetcher);
DEFINE_CLEANUP(Fetcher *, fetcher_free);

/* http:// and https:// only, also after redirects, and never from https to http. */
int fetch_check_url(const char *url, Error *error);

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
