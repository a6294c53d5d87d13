/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/fetch-process.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

static const WorkerProgram program = {"SUTURE_FETCHER", FETCHER_PATH, "fetch"};

/* Bytes of addresses: its own, its memory, and what the C library sets aside for threads. */
static const uint64_t ADDRESSES = 2048ull << 20;

enum { BEGIN_SECONDS = 30, VARIABLE_MAX = 4096 };

/* All that it learns of root's environment; these are libcurl's names. */
static const char *const variables[] = {
	"http_proxy",
	"https_proxy",
	"HTTPS_PROXY",
	"all_proxy",
	"ALL_PROXY",
	"no_proxy",
	"NO_PROXY",
};

typedef struct Environment {
	char *entries[ARRAY_SIZE(variables) + 1];
} Environment;

static void environment_clear_cleanup(Environment *environment)
{
	for (size_t i = 0; i < ARRAY_SIZE(environment->entries); i++)
		free(environment->entries[i]);
}

static int fill_environment(Environment *environment, Error *error)
{
	char **next = environment->entries;

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = secure_getenv(variables[i]);

		if (!value || !*value)
			continue;
		if (strnlen(value, VARIABLE_MAX + 1) > VARIABLE_MAX)
			return error_set(error, "%s in the environment has more than %d bytes", variables[i],
				VARIABLE_MAX);
		if (text_format(next++, error, "%s=%s", variables[i], value) < 0)
			return -1;
	}
	return 0;
}

int fetch_process_start(WorkerTalk *talk, unsigned seconds, Error *error)
{
	CLEANUP(environment_clear) Environment environment = {.entries = {NULL}};
	const WorkerStart start = {&program, environment.entries, seconds, ADDRESSES};

	if (fill_environment(&environment, error) < 0 ||
		worker_process_start(&talk->process, &start, error) < 0)
		return -1;
	talk->silence = BEGIN_SECONDS;
	if (worker_talk_begin(talk, error) == 0)
		return 0;
	worker_process_end(&talk->process);
	return -1;
}

/* How long the most patient fetcher has nothing to say: each hop may take its time to connect, and then be
 * too slow; and without the range all of it comes again. */
static int64_t longest_silence_ms(const FetchLimits *limits)
{
	int64_t hop = (int64_t)limits->connect_seconds + limits->low_speed_seconds;

	return 1000 * 2 * hop * ((int64_t)limits->redirects + 1);
}

static int receive(WorkerTalk *talk, const ProtocolFetch *fetch, int64_t end_ms, Bytes *ret, Error *error)
{
	int64_t left_ms = end_ms - clock_monotonic_ms(), silence_ms = longest_silence_ms(&fetch->limits);

	if (left_ms <= 0)
		return error_set(error, "the worker did not finish: it took too much time");
	talk->silence = (unsigned)((left_ms < silence_ms ? left_ms : silence_ms) / 1000 + 1);
	return worker_talk_receive(talk, ret, error);
}

static int send_question(WorkerTalk *talk, const ProtocolFetch *fetch, Error *error)
{
	uint8_t order[PROTOCOL_FETCH_MAX];
	struct iovec place = {order, protocol_write_fetch(fetch, order)};
	const struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1};
	bool heard = false;
	Bytes answer;
	int r;

	talk->silence = BEGIN_SECONDS;
	r = worker_talk_send(talk, &message, &heard, error);
	if (r == 0 && heard)
		r = worker_talk_receive(talk, &answer, error);
	if (r != 0 || !heard)
		return r;
	(void)error_set(error, "it spoke before it was asked");
	return worker_talk_disorder(error);
}

static int end_of(const ProtocolReply *reply, Error *error)
{
	switch (reply->type) {
	case PROTOCOL_DONE:
		return 0;
	case PROTOCOL_ABSENT:
		return FETCH_PROCESS_ABSENT;
	case PROTOCOL_BROKE_OFF:
		return FETCH_PROCESS_BROKE_OFF;
	default:
		(void)error_set(error, "the download failed: %s", reply->sentence);
		return reply->type == PROTOCOL_OTHER       ? FETCH_PROCESS_OTHER
		       : reply->type == PROTOCOL_NO_ANSWER ? FETCH_PROCESS_NO_ANSWER
							   : -1;
	}
}

static int take(const FetchSink *sink, const ProtocolReply *reply, Error *error)
{
	if (reply->type == PROTOCOL_BEGIN)
		return sink->begin(sink->userdata, reply->at, error);
	if (reply->type == PROTOCOL_DATA)
		return sink->take(sink->userdata, reply->data, error);
	return 0;
}

/* Its last message becomes *reply. */
static int hear(WorkerTalk *talk, const ProtocolFetch *fetch, int64_t end_ms, const FetchSink *sink,
	ProtocolReply *reply, Error *error)
{
	ProtocolAnswer answer = {.exact = fetch->exact, .size = fetch->size, .start = fetch->start};

	while (!answer.over) {
		Bytes message;

		if (receive(talk, fetch, end_ms, &message, error) != 0)
			return -1;
		if (protocol_take_answer(&answer, message, reply, error) < 0) {
			(void)worker_talk_disorder(error);
			return -1;
		}
		if (take(sink, reply, error) < 0)
			return -1;
	}
	return 0;
}

int fetch_process_ask(WorkerTalk *talk, const ProtocolFetch *fetch, int64_t end_ms, const FetchSink *sink,
	bool *ret_usable, Error *error)
{
	ProtocolReply reply;

	*ret_usable = false;
	if (send_question(talk, fetch, error) != 0 || hear(talk, fetch, end_ms, sink, &reply, error) < 0)
		return -1;
	*ret_usable = true;
	return end_of(&reply, error);
}
