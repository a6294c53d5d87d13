/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The sentences for what goes wrong between here and a server. Each returns -1.
 */

#include <curl/curl.h>
#include <stdbool.h>

#include "base/error.h"
#include "parts/http/http.h"

/* The server answered, but not with the file. */
int failure_of_status(long status, const char *url, Error *error);

/* What is known about a transfer that libcurl gave up. */
typedef struct FailureFacts {
	CURL *easy;
	CURLcode code;
	const char *reason; /* its error buffer */
	const char *url;
	const HttpLimits *limits;
	long allowed_ms;     /* for a small file; 0: it was none */
	int64_t deadline_ms; /* as in TransferRequest */
} FailureFacts;

int failure_of_transfer(const FailureFacts *facts, Error *error);

/* All of the time is used up. */
int failure_of_deadline(const HttpLimits *limits, const char *url, Error *error);

int failure_of_redirects(const char *url, long redirects, Error *error);

/* Did a transfer that had no status fail because nobody answers? A proxy that refuses has answered. */
bool failure_is_silence(CURL *easy, CURLcode code);

/* Does the status say that who would answer does not? */
bool failure_is_absence(long status);

/* Had the answer begun, and did the connection end before it did? */
bool failure_is_broken_connection(CURLcode code);
