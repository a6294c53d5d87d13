/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/http/failure.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/url.h"

static const char *status_meaning(long status)
{
	switch (status) {
	case 401:
		return ": it wants a user name and a password";
	case 407:
		return ": the proxy wants a user name and a password";
	case 429:
		return ": it is asked too often; try again later";
	default:
		break;
	}
	if (status >= 500)
		return ": it is in trouble; try again later";
	if (status >= 300 && status < 400)
		return ", a redirect to nowhere";
	return "";
}

int failure_of_status(long status, const char *url, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (url_for_people(url, &shown, error) < 0)
		return -1;
	return error_set(error, "the server answered %ld for %s%s", status, shown, status_meaning(status));
}

int failure_of_redirects(const char *url, long redirects, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (url_for_people(url, &shown, error) < 0)
		return -1;
	return error_set(error, "%s leads through more than %ld redirects", shown, redirects);
}

bool failure_is_silence(CURL *easy, CURLcode code)
{
	long proxy = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		(void)curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
		return proxy < 300 || failure_is_absence(proxy);
	default:
		return false;
	}
}

bool failure_is_absence(long status)
{
	return status == 502 || status == 503 || status == 504;
}

bool failure_is_broken_connection(CURLcode code)
{
	switch (code) {
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

static int nothing_answers(CURL *easy, const char *origin, Error *error)
{
	long os_error = 0;
	char why[128] = "";

	(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
	if (os_error == 0)
		return error_set(error, "nothing answers at %s", origin);
	(void)snprintf(why, sizeof(why), "%s", strerror((int)os_error));
	why[0] = (char)tolower((unsigned char)why[0]);
	return error_set(error, "nothing answers at %s (%s)", origin, why);
}

static int past_deadline(const HttpLimits *limits, const char *origin, Error *error)
{
	return error_set(error,
		"%s is too slow: what was needed took more than %ld seconds; run the command again to resume",
		origin, limits->whole_seconds);
}

int failure_of_deadline(const HttpLimits *limits, const char *url, Error *error)
{
	CLEANUP_FREE char *origin = NULL;

	if (url_origin_for_people(url, &origin, error) < 0)
		return -1;
	return past_deadline(limits, origin, error);
}

static int too_slow(const FailureFacts *facts, const char *origin, Error *error)
{
	curl_off_t connected = 0, total = 0;

	if (clock_monotonic_ms() >= facts->deadline_ms)
		return past_deadline(facts->limits, origin, error);
	(void)curl_easy_getinfo(facts->easy, CURLINFO_CONNECT_TIME_T, &connected);
	(void)curl_easy_getinfo(facts->easy, CURLINFO_TOTAL_TIME_T, &total);
	if (connected == 0)
		return error_set(error, "nothing answers at %s (waited for %ld seconds)", origin,
			(long)(total / 1000000));
	if (facts->allowed_ms > 0 && total / 1000 >= facts->allowed_ms)
		return error_set(error, "%s is too slow: more than %ld seconds for a small file", origin,
			facts->limits->total_seconds);
	return error_set(error, "%s is too slow: less than %ld bytes a second for %ld seconds", origin,
		facts->limits->low_speed_bytes, facts->limits->low_speed_seconds);
}

int failure_of_transfer(const FailureFacts *facts, Error *error)
{
	const char *reason = *facts->reason ? facts->reason : curl_easy_strerror(facts->code);
	CLEANUP_FREE char *shown = NULL, *origin = NULL;

	if (url_for_people(facts->url, &shown, error) < 0 ||
		url_origin_for_people(facts->url, &origin, error) < 0)
		return -1;
	switch (facts->code) {
	case CURLE_OUT_OF_MEMORY:
		return error_memory(error);
	case CURLE_COULDNT_RESOLVE_HOST:
		return error_set(error, "the name in %s is not known here; is there a network?", origin);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return error_set(error, "the name of the proxy is not known here (for %s)", origin);
	case CURLE_COULDNT_CONNECT:
		return nothing_answers(facts->easy, origin, error);
	case CURLE_OPERATION_TIMEDOUT:
		return too_slow(facts, origin, error);
	case CURLE_FILESIZE_EXCEEDED:
		return error_set(error, "%s is larger than it may be", shown);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return error_set(error, "no protected connection to %s: %s", origin, reason);
	case CURLE_GOT_NOTHING:
		return error_set(error, "%s closed the connection without an answer", origin);
	default:
		break;
	}
	if (failure_is_broken_connection(facts->code))
		return error_set(error, "the connection broke off during %s (%s)", shown, reason);
	return error_set(error, "cannot fetch %s: %s", shown, reason);
}
