/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/inside.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool inside_is_started(int argc, char **argv, const char *role)
{
	struct stat status;

	return argc == 2 && strcmp(argv[1], role) == 0 && fstat(PROTOCOL_FD, &status) == 0 &&
	       S_ISSOCK(status.st_mode);
}

void inside_send(ProtocolType type, Bytes rest)
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

void inside_send_sentence(ProtocolType type, const Error *why)
{
	size_t size = strlen(why->text);

	inside_send(type, (Bytes){(const uint8_t *)why->text,
				  size < PROTOCOL_SENTENCE_MAX ? size : PROTOCOL_SENTENCE_MAX});
}
