/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a fetcher that was taken over may say to root. The input is how much was asked for, four bytes, where
 * root has got to, four bytes, whether it is a file, one byte, and then messages, each behind its size in two
 * bytes. Whatever it says, root takes no more bytes than it asked for, and believes that a file is whole only
 * when it has them all.
 */

#include <stdlib.h>
#include <string.h>

#include "parts/worker/protocol-fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void hear(Reader *reader, ProtocolAnswer *answer)
{
	uint64_t at = 0;
	bool began = false;

	while (!answer->over) {
		ProtocolReply reply;
		uint16_t size;
		Bytes message;

		if (reader_u16(reader, &size, NULL) < 0 || reader_take(reader, size, &message, NULL) < 0 ||
			protocol_take_answer(answer, message, &reply, NULL) < 0)
			return;
		if (reply.type == PROTOCOL_BEGIN) {
			require(!began && (reply.at == 0 || reply.at == answer->start));
			began = true;
			at = reply.at;
		}
		require(reply.type != PROTOCOL_DATA || (began && reply.data.size > 0));
		at += reply.type == PROTOCOL_DATA ? reply.data.size : 0;
		require(at <= answer->size && at == answer->at);
		require(reply.type != PROTOCOL_DONE || (began && (!answer->exact || at == answer->size)));
		require(strlen(reply.sentence) <= PROTOCOL_SENTENCE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Reader reader = {{data, size}, 0};
	ProtocolAnswer answer = {.exact = false};
	uint32_t wanted, start;
	uint8_t exact;

	if (reader_u32(&reader, &wanted, NULL) < 0 || reader_u32(&reader, &start, NULL) < 0 ||
		reader_u8(&reader, &exact, NULL) < 0)
		return 0;
	answer.exact = exact & 1;
	answer.size = wanted;
	/* Root asks for nothing that it has. */
	answer.start = answer.exact && start < wanted ? start : 0;
	hear(&reader, &answer);
	return 0;
}
