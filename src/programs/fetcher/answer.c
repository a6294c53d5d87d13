/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/fetcher/answer.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "parts/worker/inside.h"
#include "parts/worker/protocol-fetch.h"

static int begin(void *userdata, uint64_t at, Error *error)
{
	uint8_t rest[sizeof(at)];

	(void)userdata, (void)error;
	(void)store_u64(rest, at);
	inside_send(PROTOCOL_BEGIN, (Bytes){rest, sizeof(rest)});
	return 0;
}

static int take(void *userdata, Bytes next, Error *error)
{
	(void)userdata, (void)error;
	while (next.size > 0) {
		size_t n = next.size < PROTOCOL_DATA_MAX ? next.size : PROTOCOL_DATA_MAX;

		inside_send(PROTOCOL_DATA, (Bytes){next.data, n});
		next.data += n;
		next.size -= n;
	}
	return 0;
}

static bool receive(ProtocolFetch *ret)
{
	static uint8_t order[PROTOCOL_FETCH_MAX];
	ssize_t n;

	do
		n = recv(PROTOCOL_FD, order, sizeof(order), 0);
	while (n < 0 && errno == EINTR);
	return n > 0 && protocol_parse_fetch((Bytes){order, (size_t)n}, ret, NULL) == 0;
}

static HttpRequest request_of(const ProtocolFetch *fetch)
{
	return (HttpRequest){
		.url = fetch->url,
		.limits =
			{
				.connect_seconds = fetch->limits.connect_seconds,
				.low_speed_bytes = fetch->limits.low_speed_bytes,
				.low_speed_seconds = fetch->limits.low_speed_seconds,
				.total_seconds = fetch->limits.total_seconds,
				.whole_seconds = fetch->limits.whole_seconds,
				.redirects = fetch->limits.redirects,
			},
		.deadline_ms = clock_monotonic_ms() + (int64_t)fetch->left_ms,
		.exact = fetch->exact,
		.size = fetch->size,
		.start = fetch->start,
		.sink = {begin, take, NULL},
	};
}

static void send_end(int result, const Error *why)
{
	switch (result) {
	case 0:
		inside_send(PROTOCOL_DONE, (Bytes){NULL, 0});
		break;
	case HTTP_ABSENT:
		inside_send(PROTOCOL_ABSENT, (Bytes){NULL, 0});
		break;
	case HTTP_BROKE_OFF:
		inside_send(PROTOCOL_BROKE_OFF, (Bytes){NULL, 0});
		break;
	case HTTP_OTHER:
		inside_send_sentence(PROTOCOL_OTHER, why);
		break;
	case HTTP_NO_ANSWER:
		inside_send_sentence(PROTOCOL_NO_ANSWER, why);
		break;
	default:
		inside_send_sentence(PROTOCOL_FAILED, why);
		break;
	}
}

bool answer_next(Http *http)
{
	static ProtocolFetch fetch;
	Error error = ERROR_INIT;
	HttpRequest request;

	if (!receive(&fetch))
		return false;
	request = request_of(&fetch);
	send_end(http_get(http, &request, &error), &error);
	return true;
}
