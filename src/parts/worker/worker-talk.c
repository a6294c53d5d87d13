/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/worker-talk.h"

#include <errno.h>
#include <poll.h>

/* Seconds that a worker which has closed its socket may take to end, and be seen why. */
enum { END_MAX = 30 };

/* Until the socket can be read, or written to if asked for; *ret says which. */
static int wait_until(const WorkerTalk *talk, short events, short *ret, Error *error)
{
	struct pollfd end = {talk->process.socket, events, 0};
	int r;

	do
		r = poll(&end, 1, (int)talk->silence * 1000);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_os(error, errno, "cannot wait for the worker");
	if (r == 0) {
		(void)error_set(
			error, "the worker did not finish: it was silent for %u seconds", talk->silence);
		return WORKER_TALK_OVER;
	}
	*ret = end.revents;
	return 0;
}

int worker_talk_disorder(Error *error)
{
	(void)error_in(error, "the worker was out of order and was ended");
	return WORKER_TALK_OVER;
}

static int check_flags(int flags, Error *error)
{
	if (flags & MSG_CTRUNC)
		return error_set(error, "it sent descriptors");
	if (flags & MSG_TRUNC)
		return error_set(error, "it sent a message that is too long");
	return 0;
}

/* There is no room for descriptors: the kernel drops them, and says so. A message of no bytes looks like the
 * end, but for what poll() says. */
int worker_talk_receive(WorkerTalk *talk, Bytes *ret, Error *error)
{
	struct iovec place = {talk->message, sizeof(talk->message)};
	struct msghdr header = {.msg_iov = &place, .msg_iovlen = 1};
	short events = 0;
	ssize_t n;

	do {
		int r = wait_until(talk, POLLIN, &events, error);

		if (r != 0)
			return r;
		n = recvmsg(talk->process.socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n < 0 || (n == 0 && events & POLLHUP)) {
		(void)worker_process_explain(
			&talk->process, talk->silence < END_MAX ? talk->silence : END_MAX, error);
		return WORKER_TALK_OVER;
	}
	if (check_flags(header.msg_flags, error) < 0)
		return worker_talk_disorder(error);
	*ret = (Bytes){talk->message, (size_t)n};
	return 0;
}

int worker_talk_begin(WorkerTalk *talk, Error *error)
{
	ProtocolReplies replies = {.left = 0};
	ProtocolReply reply;
	Bytes message;

	if (worker_talk_receive(talk, &message, error) != 0)
		return -1;
	if (protocol_take_reply(&replies, message, &reply, error) < 0) {
		(void)worker_talk_disorder(error);
		return -1;
	}
	if (reply.type == PROTOCOL_REFUSED)
		return error_set(error, "the worker refuses to work: %s", reply.sentence);
	return 0;
}

int worker_talk_send(WorkerTalk *talk, const struct msghdr *message, bool *ret_heard, Error *error)
{
	short events = 0;

	for (;;) {
		int r = wait_until(talk, POLLIN | POLLOUT, &events, error);

		*ret_heard = events != POLLOUT;
		if (r != 0 || *ret_heard)
			return r;
		if (sendmsg(talk->process.socket, message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EPIPE || errno == ECONNRESET) {
			*ret_heard = true;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return error_os(error, errno, "cannot speak to the worker");
	}
}
