/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/http/transfer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "parts/http/failure.h"
#include "base/url.h"

enum {
	HEADERS_MAX = 64 * 1024,  /* of one answer */
	UNWANTED_MAX = 64 * 1024, /* of the body of an error or a redirect; reading it keeps the connection */
	HTTP_OK = 200,
	HTTP_PARTIAL = 206,
};

/* One request and its answer. */
typedef struct Exchange {
	CURL *easy;
	const TransferRequest *request;
	const char *url;
	Error *error;
	size_t header_bytes, unwanted_bytes;
	bool began, no_range, refused;
	long allowed_ms; /* for this request */
	char reason[CURL_ERROR_SIZE];
} Exchange;

static long status_of(CURL *easy)
{
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool is_wanted(const Exchange *exchange)
{
	long status = status_of(exchange->easy);

	return status == HTTP_OK || (status == HTTP_PARTIAL && exchange->request->range_end > 0);
}

/* Is "Content-Range: bytes 100-199/200" the range that was asked for? */
static bool range_matches(const Exchange *exchange)
{
	const TransferRequest *request = exchange->request;
	struct curl_header *header = NULL;
	char expected[80];

	if (curl_easy_header(exchange->easy, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return false;
	(void)snprintf(expected, sizeof(expected), "bytes %llu-%llu/%llu",
		(unsigned long long)request->range_start, (unsigned long long)request->range_end - 1,
		(unsigned long long)request->total);
	return header->amount == 1 && strcasecmp(header->value, expected) == 0;
}

static int begin_body(Exchange *exchange)
{
	const TransferSink *sink = &exchange->request->sink;
	bool partial = status_of(exchange->easy) == HTTP_PARTIAL;
	curl_off_t announced = -1;

	if (exchange->began)
		return 0;
	if (partial && !range_matches(exchange)) {
		exchange->no_range = true;
		return -1;
	}
	(void)curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (sink->begin(sink->userdata, partial, announced, exchange->error) < 0) {
		exchange->refused = true;
		return -1;
	}
	exchange->began = true;
	return 0;
}

/* A callback that returns less than it was given makes libcurl end the transfer. */
static size_t on_header(char *data, size_t one, size_t size, void *userdata)
{
	Exchange *exchange = userdata;

	(void)data;
	(void)one;
	exchange->header_bytes += size;
	if (exchange->header_bytes <= HEADERS_MAX)
		return size;
	(void)error_set(exchange->error, "the server sends more than %d bytes of headers", HEADERS_MAX);
	exchange->refused = true;
	return 0;
}

static size_t on_body(char *data, size_t one, size_t size, void *userdata)
{
	Exchange *exchange = userdata;
	const TransferSink *sink = &exchange->request->sink;

	(void)one;
	if (!is_wanted(exchange)) {
		exchange->unwanted_bytes += size;
		return exchange->unwanted_bytes <= UNWANTED_MAX ? size : 0;
	}
	if (begin_body(exchange) < 0)
		return 0;
	if (sink->take(sink->userdata, (Bytes){(const uint8_t *)data, size}, exchange->error) < 0) {
		exchange->refused = true;
		return 0;
	}
	return size;
}

static int set_limits(const Exchange *exchange)
{
	const TransferRequest *request = exchange->request;
	const HttpLimits *limits = request->limits;
	CURL *easy = exchange->easy;
	/* What an unwanted body may have must not be refused for being longer than a wanted one. */
	uint64_t max = request->max < INT64_MAX - UNWANTED_MAX ? request->max + UNWANTED_MAX : INT64_MAX;
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, limits->connect_seconds);
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, limits->low_speed_bytes);
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, limits->low_speed_seconds);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, exchange->allowed_ms);
	return bad;
}

/* Says no more about this system than that it wants the file: a constant user agent, no cookies, no netrc.
 * Accept-Encoding is not sent, so that bytes arrive as they are stored. */
static int set_request(Exchange *exchange)
{
	const TransferRequest *request = exchange->request;
	CURL *easy = exchange->easy;
	int bad = 0;

	/* Where TLS began, it stays. */
	bad |= curl_easy_setopt(
		easy, CURLOPT_PROTOCOLS_STR, url_is_https(request->url) ? "https" : "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	bad |= curl_easy_setopt(easy, CURLOPT_URL, exchange->url);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "suture");
	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->reason);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	if (request->range_end > 0) {
		char range[64];

		(void)snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)request->range_start,
			(unsigned long long)request->range_end - 1);
		bad |= curl_easy_setopt(easy, CURLOPT_RANGE, range);
	}
	return bad;
}

/* Whoever has begun to answer is there: what he does then is no silence. */
static int judge_failure(Exchange *exchange, CURLcode code, long status)
{
	const FailureFacts facts = {
		.easy = exchange->easy,
		.code = code,
		.reason = exchange->reason,
		.url = exchange->url,
		.limits = exchange->request->limits,
		.allowed_ms = exchange->request->limit_total ? exchange->allowed_ms : 0,
		.deadline_ms = exchange->request->deadline_ms,
	};

	(void)failure_of_transfer(&facts, exchange->error);
	if (status == 0)
		return failure_is_silence(exchange->easy, code) ? TRANSFER_NO_ANSWER : -1;
	return failure_is_broken_connection(code) ? TRANSFER_BROKE_OFF : -1;
}

static int judge(Exchange *exchange, CURLcode code)
{
	long status = status_of(exchange->easy);
	bool judged_by_status = status >= HTTP_OK && !is_wanted(exchange);

	if (exchange->refused)
		return -1;
	if (exchange->no_range)
		return TRANSFER_NO_RANGE;
	if (judged_by_status && (status == 403 || status == 404 || status == 410))
		return TRANSFER_ABSENT;
	if (judged_by_status && status == 416 && exchange->request->range_end > 0)
		return TRANSFER_NO_RANGE;
	if (judged_by_status) {
		(void)failure_of_status(status, exchange->url, exchange->error);
		return failure_is_absence(status) ? TRANSFER_NO_ANSWER : -1;
	}
	if (code != CURLE_OK)
		return judge_failure(exchange, code, status);
	/* An empty body has not come through on_body(). */
	return begin_body(exchange) < 0 ? (exchange->no_range ? TRANSFER_NO_RANGE : -1) : 0;
}

/* One hop. Where it is a redirect, *ret_next becomes the URL it leads to. */
static int exchange_run(Exchange *exchange, char **ret_next)
{
	const char *next = NULL;
	CURLcode code;

	curl_easy_reset(exchange->easy);
	if (set_request(exchange) || set_limits(exchange))
		return error_set(exchange->error, "libcurl refuses the options of a request");
	code = curl_easy_perform(exchange->easy);
	(void)curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &next);
	if (code == CURLE_OK && next)
		return text_copy(next, ret_next, exchange->error);
	return judge(exchange, code);
}

/* What is left of the time for all hops; at least a millisecond, as 0 means no limit to libcurl. */
static long time_left_ms(const TransferRequest *request, int64_t start_ms)
{
	int64_t one = start_ms + (int64_t)request->limits->total_seconds * 1000;
	int64_t end = request->limit_total && one < request->deadline_ms ? one : request->deadline_ms;
	int64_t left = end - clock_monotonic_ms();

	return (long)(left > 1 ? left : 1);
}

int transfer_run(CURL *easy, const TransferRequest *request, Error *error)
{
	int64_t start_ms = clock_monotonic_ms();
	CLEANUP_FREE char *url = NULL;
	int r;

	if (start_ms >= request->deadline_ms)
		return failure_of_deadline(request->limits, request->url, error);
	if (url_check(request->url, error) < 0 || text_copy(request->url, &url, error) < 0)
		return -1;
	for (long hops = 0; hops <= request->limits->redirects; hops++) {
		Exchange exchange = {
			.easy = easy,
			.request = request,
			.url = url,
			.error = error,
			.allowed_ms = time_left_ms(request, start_ms),
		};
		CLEANUP_FREE char *next = NULL;

		r = exchange_run(&exchange, &next);
		/* The options point into this function. */
		curl_easy_reset(easy);
		if (r != 0 || !next)
			return r;
		if (url_check_redirect(url, next, error) < 0)
			return -1;
		free(url);
		url = TAKE_PTR(next);
	}
	return failure_of_redirects(request->url, request->limits->redirects, error);
}
