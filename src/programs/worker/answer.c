/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/worker/answer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void answer_send(ProtocolType type, Bytes rest)
{
	uint8_t head[PROTOCOL_TYPE_SIZE] = {(uint8_t)type};
	struct iovec parts[] = {{head, sizeof(head)}, {(void *)(uintptr_t)rest.data, rest.size}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = rest.size > 0 ? 2 : 1};
	ssize_t n;

	do
		n = sendmsg(PROTOCOL_FD, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		_exit(1);
}

void answer_send_sentence(ProtocolType type, const Error *why)
{
	size_t size = strlen(why->text);

	answer_send(type, (Bytes){(const uint8_t *)why->text,
				  size < PROTOCOL_SENTENCE_MAX ? size : PROTOCOL_SENTENCE_MAX});
}

static void send_held(Answer *answer)
{
	answer_send(PROTOCOL_DATA, (Bytes){answer->bytes, answer->held});
	answer->left -= answer->held;
	answer->held = 0;
}

int answer_take(Answer *answer, Bytes next, Error *error)
{
	if (next.size > answer->left - answer->held)
		return error_set(error, "gives more bytes than the image has");
	while (next.size > 0) {
		size_t room = sizeof(answer->bytes) - answer->held;
		size_t n = next.size < room ? next.size : room;

		memcpy(answer->bytes + answer->held, next.data, n);
		answer->held += n;
		next.data += n;
		next.size -= n;
		if (answer->held == sizeof(answer->bytes))
			send_held(answer);
	}
	return 0;
}

int answer_end(Answer *answer, Error *error)
{
	if (answer->held < answer->left)
		return error_set(error, "gives fewer bytes than the image has");
	if (answer->held > 0)
		send_held(answer);
	answer_send(PROTOCOL_DONE, (Bytes){NULL, 0});
	return 0;
}
