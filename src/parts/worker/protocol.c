/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/protocol.h"

#include <string.h>

size_t protocol_write_job(const ProtocolJob *job, uint8_t to[static PROTOCOL_ORDER_MAX])
{
	uint8_t *at = store_u32(store_u32(to, PROTOCOL_JOB), job->kind);

	at = store_u64(store_u64(at, job->download_size), job->result_size);
	return (size_t)(store_u32(at, job->n_sources) - to);
}

size_t protocol_write_sources(const uint64_t *sizes, uint32_t n, uint8_t to[static PROTOCOL_ORDER_MAX])
{
	uint8_t *at = store_u32(store_u32(to, PROTOCOL_SOURCES), n);

	for (uint32_t i = 0; i < n; i++)
		at = store_u64(at, sizes[i]);
	return (size_t)(at - to);
}

static int begin(Reader *reader, ProtocolType wanted, Error *error)
{
	uint32_t type;

	if (reader_u32(reader, &type, error) < 0)
		return -1;
	return type == wanted ? 0 : error_set(error, "message %u in place of %u", type, wanted);
}

static int end(const Reader *reader, Error *error)
{
	return reader_left(reader) == 0 ? 0 : error_set(error, "a message has bytes behind its end");
}

int protocol_parse_job(Bytes message, ProtocolJob *ret, Error *error)
{
	Reader reader = {message, 0};
	ProtocolJob job;
	uint32_t kind;

	if (begin(&reader, PROTOCOL_JOB, error) < 0 || reader_u32(&reader, &kind, error) < 0 ||
		reader_u64(&reader, &job.download_size, error) < 0 ||
		reader_u64(&reader, &job.result_size, error) < 0 ||
		reader_u32(&reader, &job.n_sources, error) < 0 || end(&reader, error) < 0)
		return -1;
	if (kind != PROTOCOL_DELTA && kind != PROTOCOL_IMAGE)
		return error_set(error, "unknown kind of job %u", kind);
	job.kind = kind;
	*ret = job;
	return 0;
}

int protocol_parse_sources(
	Bytes message, uint64_t ret_sizes[static PROTOCOL_SOURCES_MAX], uint32_t *ret_n, Error *error)
{
	Reader reader = {message, 0};
	uint32_t n;

	if (begin(&reader, PROTOCOL_SOURCES, error) < 0 || reader_u32(&reader, &n, error) < 0)
		return -1;
	if (n == 0 || n > PROTOCOL_SOURCES_MAX)
		return error_set(error, "%u old files in one message", n);
	for (uint32_t i = 0; i < n; i++)
		if (reader_u64(&reader, &ret_sizes[i], error) < 0)
			return -1;
	if (end(&reader, error) < 0)
		return -1;
	*ret_n = n;
	return 0;
}

int protocol_take_sentence(Bytes rest, ProtocolReply *reply, Error *error)
{
	if (rest.size > PROTOCOL_SENTENCE_MAX)
		return error_set(error, "it sent a sentence of %zu bytes", rest.size);
	if (rest.size > 0)
		memcpy(reply->sentence, rest.data, rest.size);
	reply->sentence[rest.size] = '\0';
	return 0;
}

/* Exact sizes: a worker can neither drip nor pour. */
static int take_data(ProtocolReplies *replies, Bytes rest, ProtocolReply *reply, Error *error)
{
	uint64_t wanted = replies->left < PROTOCOL_DATA_MAX ? replies->left : PROTOCOL_DATA_MAX;

	if (wanted == 0 || rest.size > wanted)
		return error_set(error, "it sent more bytes than the result has");
	if (rest.size < wanted)
		return error_set(
			error, "it sent %zu bytes in place of %llu", rest.size, (unsigned long long)wanted);
	replies->left -= rest.size;
	reply->data = rest;
	return 0;
}

static int take_rest(ProtocolReplies *replies, Bytes rest, ProtocolReply *reply, Error *error)
{
	switch (reply->type) {
	case PROTOCOL_DATA:
		return take_data(replies, rest, reply, error);
	case PROTOCOL_REFUSED:
	case PROTOCOL_FAILED:
		replies->over = true;
		return protocol_take_sentence(rest, reply, error);
	case PROTOCOL_READY:
		replies->ready = true;
		return rest.size == 0 ? 0 : error_set(error, "it sent a message with too much in it");
	default:
		if (replies->left > 0)
			return error_set(error, "it was done before the result was whole");
		replies->over = true;
		return rest.size == 0 ? 0 : error_set(error, "it sent a message with too much in it");
	}
}

/* Before it is ready it may only say whether it is; after that, never again. */
static bool may_come(const ProtocolReplies *replies, uint32_t type)
{
	if (replies->over)
		return false;
	if (!replies->ready)
		return type == PROTOCOL_READY || type == PROTOCOL_REFUSED;
	return type == PROTOCOL_DATA || type == PROTOCOL_DONE || type == PROTOCOL_FAILED;
}

int protocol_take_reply(ProtocolReplies *replies, Bytes message, ProtocolReply *ret, Error *error)
{
	Reader reader = {message, 0};
	ProtocolReply reply = {.data = {NULL, 0}};
	Bytes rest;
	uint32_t type;

	if (message.size < PROTOCOL_TYPE_SIZE || message.size > PROTOCOL_REPLY_MAX)
		return error_set(error, "it sent a message of %zu bytes", message.size);
	if (reader_u32(&reader, &type, error) < 0 ||
		reader_take(&reader, reader_left(&reader), &rest, error) < 0)
		return -1;
	if (!may_come(replies, type))
		return error_set(error, "it sent a message that may not come there (%u)", type);
	reply.type = type;
	if (take_rest(replies, rest, &reply, error) < 0)
		return -1;
	*ret = reply;
	return 0;
}
