/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/http/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/url.h"
#include "parts/http/transfer.h"

struct Http {
	CURL *easy;
};

static CURLcode library_state = CURLE_FAILED_INIT;

static void start_library(void)
{
	library_state = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_new(Http **ret, Error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CLEANUP(http_free) Http *http = NULL;

	if (pthread_once(&once, start_library) != 0 || library_state != CURLE_OK)
		return error_set(error, "libcurl does not start: %s", curl_easy_strerror(library_state));
	http = calloc(1, sizeof(*http));
	if (!http)
		return error_memory(error);
	http->easy = curl_easy_init();
	if (!http->easy)
		return error_memory(error);
	*ret = TAKE_PTR(http);
	return 0;
}

Http *http_free(Http *http)
{
	if (http) {
		curl_easy_cleanup(http->easy);
		free(http);
	}
	return NULL;
}

const char *http_certificates_file(void)
{
	return curl_version_info(CURLVERSION_NOW)->cainfo;
}

const char *http_certificates_directory(void)
{
	return curl_version_info(CURLVERSION_NOW)->capath;
}

/* A body on its way to the sink. */
typedef struct Body {
	const HttpRequest *request;
	uint64_t at;   /* in the file */
	bool is_other; /* the server has shown that it has another file */
} Body;

/* What a server sends wrongly is told together with where it was asked. */
static int in_url(const char *url, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (url_for_people(url, &shown, error) < 0)
		return -1;
	return error_in(error, "%s", shown);
}

static int announces_wrongly(Body *body, int64_t announced, uint64_t expected, Error *error)
{
	body->is_other = body->request->exact;
	(void)error_set(error,
		body->is_other ? "the server announces %lld bytes where %llu are expected"
			       : "the server announces %lld bytes, more than the %llu allowed",
		(long long)announced, (unsigned long long)expected);
	return in_url(body->request->url, error);
}

static int begin(void *userdata, bool partial, int64_t announced, Error *error)
{
	Body *body = userdata;
	const HttpRequest *request = body->request;
	uint64_t at = partial ? request->start : 0, expected = request->size - at;

	if (request->exact && announced >= 0 && (uint64_t)announced != expected)
		return announces_wrongly(body, announced, expected, error);
	if (announced > 0 && (uint64_t)announced > expected)
		return announces_wrongly(body, announced, expected, error);
	body->at = at;
	return request->sink.begin(request->sink.userdata, at, error);
}

static int take(void *userdata, Bytes next, Error *error)
{
	Body *body = userdata;
	const HttpRequest *request = body->request;

	if (!range_within(body->at, next.size, request->size)) {
		body->is_other = request->exact;
		(void)error_set(error, "the server sends more than the %llu bytes %s",
			(unsigned long long)request->size, request->exact ? "expected" : "allowed");
		return in_url(request->url, error);
	}
	body->at += next.size;
	return request->sink.take(request->sink.userdata, next, error);
}

static int run(Http *http, Body *body, uint64_t start, Error *error)
{
	const HttpRequest *request = body->request;
	TransferRequest transfer = {
		.url = request->url,
		.limits = &request->limits,
		.deadline_ms = request->deadline_ms,
		.limit_total = !request->exact,
		.max = request->size,
		.range_start = start,
		.range_end = start > 0 ? request->size : 0,
		.total = request->size,
		.sink = {.begin = begin, .take = take, .userdata = body},
	};

	return transfer_run(http->easy, &transfer, error);
}

int http_get(Http *http, const HttpRequest *request, Error *error)
{
	Body body = {.request = request};
	int r = run(http, &body, request->start, error);

	/* The bytes that are there belong to another file, or the server cannot do ranges: one try without.
	 */
	if (r == TRANSFER_NO_RANGE)
		r = run(http, &body, 0, error);
	if (r == TRANSFER_ABSENT)
		return HTTP_ABSENT;
	if (r == TRANSFER_NO_ANSWER)
		return HTTP_NO_ANSWER;
	if (r < 0 && body.is_other)
		return HTTP_OTHER;
	if (request->exact && (r == TRANSFER_BROKE_OFF || (r == 0 && body.at < request->size)))
		return HTTP_BROKE_OFF;
	return r == 0 ? 0 : -1;
}
