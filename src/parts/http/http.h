/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HTTP(S) downloads through libcurl: bounded in bytes, redirects and time, with a floor on speed, going on
 * where an earlier one broke off. What runs as root has none of this: it asks a fetcher (docs/worker.md).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

enum {
	HTTP_ABSENT = 1,    /* the server answered 403, 404 or 410 */
	HTTP_OTHER = 2,     /* the server has a file of another size; the sentence is set as well */
	HTTP_BROKE_OFF = 3, /* of a file: the connection ended before it was whole */
	HTTP_NO_ANSWER = 4, /* nobody answers there, or 502, 503 or 504 says so for another; the sentence is
			       set as well */
};

/* None of them 0. */
typedef struct HttpLimits {
	long connect_seconds;
	long low_speed_bytes;   /* a second */
	long low_speed_seconds; /* slower than that for so long is a failure */
	long total_seconds;     /* for what is not a file of known size */
	long whole_seconds;     /* as the deadline is told to people */
	long redirects;
} HttpLimits;

/* Where the body goes. A callback that fails ends the download with its sentence. */
typedef struct HttpSink {
	/* Once, before the first byte: the body begins at this byte of the file, 0 or the request's start. */
	int (*begin)(void *userdata, uint64_t at, Error *error);
	int (*take)(void *userdata, Bytes next, Error *error);
	void *userdata;
} HttpSink;

typedef struct HttpRequest {
	const char *url;
	HttpLimits limits;
	int64_t deadline_ms; /* of clock_monotonic_ms(): everything ends by then */
	bool exact;          /* a file of just this size; else at most so many bytes */
	uint64_t size;
	uint64_t start; /* of a file: bytes that are there, fewer than size */
	HttpSink sink;
} HttpRequest;

typedef struct Http Http; /* one connection pool; one thread */

int http_new(Http **ret, Error *error);
Http *http_free(Http *http);
DEFINE_CLEANUP(Http *, http_free);

/*
 * The whole body, or what follows behind start, where the server can do that; else all of it again. More
 * bytes than asked for are an error, found as early as the server's headers allow, and the sink never gets
 * them. http:// and https:// only, also after redirects, and never from https to http.
 */
int http_get(Http *http, const HttpRequest *request, Error *error);

/* Where libcurl looks for the certificates that it trusts: a file, and a directory in OpenSSL's form; NULL
 * where it has none. */
const char *http_certificates_file(void);
const char *http_certificates_directory(void);
