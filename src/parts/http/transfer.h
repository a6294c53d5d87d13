/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One GET (RFC 9110) with its redirects. Redirects are followed here and not by libcurl, so that each hop is
 * judged by url_check_redirect(), counted, and bounded like every other answer.
 */

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/http/http.h"

enum {
	TRANSFER_ABSENT = 1,    /* 403, 404 or 410 */
	TRANSFER_NO_RANGE = 2,  /* the range is not there, or the answer was for another one */
	TRANSFER_BROKE_OFF = 3, /* the connection ended before the body did; the sentence is set as well */
	TRANSFER_NO_ANSWER = 4, /* as HTTP_NO_ANSWER */
};

/* Where the body goes. A callback that fails ends the transfer with its sentence. */
typedef struct TransferSink {
	/* Before the first byte: does the body begin at range_start (206), or at 0 (200)? announced is its
	 * length, or -1 when the server does not tell. */
	int (*begin)(void *userdata, bool partial, int64_t announced, Error *error);
	int (*take)(void *userdata, Bytes bytes, Error *error);
	void *userdata;
} TransferSink;

typedef struct TransferRequest {
	const char *url;
	const HttpLimits *limits;               /* without zeros */
	int64_t deadline_ms;                    /* of clock_monotonic_ms(): everything ends by then */
	bool limit_total;                       /* does limits->total_seconds count? */
	uint64_t max;                           /* bytes of body that the server may announce */
	uint64_t range_start, range_end, total; /* [start, end) of a file of total bytes; end 0: no range */
	TransferSink sink;
} TransferRequest;

/* Returns 0 when a 200 or (for a range) 206 was received to its end, or a condition above. */
int transfer_run(CURL *easy, const TransferRequest *request, Error *error);
