/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/protocol-fetch.h"

#include <string.h>

size_t protocol_write_fetch(const ProtocolFetch *fetch, uint8_t to[static PROTOCOL_FETCH_MAX])
{
	const FetchLimits *limits = &fetch->limits;
	size_t url_size = strlen(fetch->url);
	uint8_t *at = store_u32(store_u32(to, PROTOCOL_FETCH), fetch->exact);

	at = store_u64(store_u64(store_u64(at, fetch->size), fetch->start), fetch->left_ms);
	at = store_u32(store_u32(at, limits->connect_seconds), limits->low_speed_bytes);
	at = store_u32(store_u32(at, limits->low_speed_seconds), limits->total_seconds);
	at = store_u32(store_u32(at, limits->whole_seconds), limits->redirects);
	memcpy(at, fetch->url, url_size);
	return (size_t)(at - to) + url_size;
}

static int parse_limits(Reader *reader, FetchLimits *ret, Error *error)
{
	if (reader_u32(reader, &ret->connect_seconds, error) < 0 ||
		reader_u32(reader, &ret->low_speed_bytes, error) < 0 ||
		reader_u32(reader, &ret->low_speed_seconds, error) < 0 ||
		reader_u32(reader, &ret->total_seconds, error) < 0 ||
		reader_u32(reader, &ret->whole_seconds, error) < 0 ||
		reader_u32(reader, &ret->redirects, error) < 0)
		return -1;
	return 0;
}

static int parse_url(Reader *reader, ProtocolFetch *fetch, Error *error)
{
	size_t size = reader_left(reader);
	Bytes url;

	if (size == 0 || size > URL_LENGTH_MAX)
		return error_set(error, "a URL of %zu bytes", size);
	if (reader_take(reader, size, &url, error) < 0)
		return -1;
	if (memchr(url.data, 0, url.size))
		return error_set(error, "a URL with a zero in it");
	memcpy(fetch->url, url.data, url.size);
	fetch->url[url.size] = '\0';
	return 0;
}

int protocol_parse_fetch(Bytes message, ProtocolFetch *ret, Error *error)
{
	Reader reader = {message, 0};
	uint32_t type, exact;
	ProtocolFetch fetch;

	if (reader_u32(&reader, &type, error) < 0 || reader_u32(&reader, &exact, error) < 0)
		return -1;
	if (type != PROTOCOL_FETCH || exact > 1)
		return error_set(error, "message %u of kind %u", type, exact);
	fetch.exact = exact == 1;
	if (reader_u64(&reader, &fetch.size, error) < 0 || reader_u64(&reader, &fetch.start, error) < 0 ||
		reader_u64(&reader, &fetch.left_ms, error) < 0 ||
		parse_limits(&reader, &fetch.limits, error) < 0 || parse_url(&reader, &fetch, error) < 0)
		return -1;
	*ret = fetch;
	return 0;
}

static int take_begin(ProtocolAnswer *answer, Bytes rest, ProtocolReply *reply, Error *error)
{
	Reader reader = {rest, 0};

	if (reader_u64(&reader, &reply->at, error) < 0 || reader_left(&reader) > 0)
		return error_set(error, "it sent a message of the wrong size");
	if (reply->at != 0 && reply->at != answer->start)
		return error_set(error, "it begins at byte %llu", (unsigned long long)reply->at);
	answer->began = true;
	answer->at = reply->at;
	return 0;
}

static int take_data(ProtocolAnswer *answer, Bytes rest, ProtocolReply *reply, Error *error)
{
	if (rest.size == 0)
		return error_set(error, "it sent no bytes");
	if (!range_within(answer->at, rest.size, answer->size))
		return error_set(error, "it sent more bytes than were asked for");
	answer->at += rest.size;
	reply->data = rest;
	return 0;
}

static int take_end(ProtocolAnswer *answer, Bytes rest, ProtocolReply *reply, Error *error)
{
	answer->over = true;
	if (reply->type == PROTOCOL_FAILED || reply->type == PROTOCOL_OTHER ||
		reply->type == PROTOCOL_NO_ANSWER)
		return protocol_take_sentence(rest, reply, error);
	if (reply->type == PROTOCOL_DONE && answer->exact && answer->at < answer->size)
		return error_set(error, "it was done before the file was whole");
	return rest.size == 0 ? 0 : error_set(error, "it sent a message with too much in it");
}

static bool may_come(const ProtocolAnswer *answer, uint32_t type)
{
	if (answer->over)
		return false;
	switch (type) {
	case PROTOCOL_BEGIN:
	case PROTOCOL_ABSENT:
	case PROTOCOL_NO_ANSWER:
		return !answer->began;
	case PROTOCOL_DATA:
	case PROTOCOL_DONE:
		return answer->began;
	case PROTOCOL_BROKE_OFF:
	case PROTOCOL_OTHER:
		return answer->exact;
	default:
		return type == PROTOCOL_FAILED;
	}
}

int protocol_take_answer(ProtocolAnswer *answer, Bytes message, ProtocolReply *ret, Error *error)
{
	Reader reader = {message, 0};
	ProtocolReply reply = {.data = {NULL, 0}};
	Bytes rest;
	uint32_t type;
	int r;

	if (message.size < PROTOCOL_TYPE_SIZE || message.size > PROTOCOL_REPLY_MAX)
		return error_set(error, "it sent a message of %zu bytes", message.size);
	if (reader_u32(&reader, &type, error) < 0 ||
		reader_take(&reader, reader_left(&reader), &rest, error) < 0)
		return -1;
	if (!may_come(answer, type))
		return error_set(error, "it sent a message that may not come there (%u)", type);
	reply.type = type;
	if (type == PROTOCOL_BEGIN)
		r = take_begin(answer, rest, &reply, error);
	else if (type == PROTOCOL_DATA)
		r = take_data(answer, rest, &reply, error);
	else
		r = take_end(answer, rest, &reply, error);
	if (r < 0)
		return -1;
	*ret = reply;
	return 0;
}
