/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a worker that was taken over may say to root. The input is the size of the result, four bytes, and
 * then messages: the size of each in two bytes, with 0xffff for one of PROTOCOL_REPLY_MAX bytes that repeats
 * the byte behind it. Whatever it says, root takes no more bytes than the result has, and believes that it is
 * done only when it has them all.
 */

#include <stdlib.h>
#include <string.h>

#include "parts/worker/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* False at the end of the input. */
static bool next_message(Reader *reader, Bytes *ret)
{
	static uint8_t large[PROTOCOL_REPLY_MAX];
	uint16_t size;
	uint8_t filling;

	if (reader_u16(reader, &size, NULL) < 0)
		return false;
	if (size != UINT16_MAX)
		return reader_take(reader, size, ret, NULL) == 0;
	if (reader_u8(reader, &filling, NULL) < 0)
		return false;
	memset(large, filling, sizeof(large));
	memcpy(large, (const uint8_t[]){PROTOCOL_DATA, 0, 0, 0}, PROTOCOL_TYPE_SIZE);
	*ret = (Bytes){large, sizeof(large)};
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Reader reader = {{data, size}, 0};
	ProtocolReplies replies = {.left = 0};
	ProtocolReply reply = {.type = PROTOCOL_READY};
	uint64_t taken = 0;
	uint32_t result;
	Bytes message;

	if (reader_u32(&reader, &result, NULL) < 0)
		return 0;
	replies.left = result;
	while (next_message(&reader, &message)) {
		if (protocol_take_reply(&replies, message, &reply, NULL) < 0)
			return 0;
		require(strlen(reply.sentence) <= PROTOCOL_SENTENCE_MAX);
		if (reply.type == PROTOCOL_DATA)
			taken += reply.data.size;
		require(taken <= result && replies.left == result - taken);
		require(reply.type != PROTOCOL_DONE || taken == result);
	}
	return 0;
}
