/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "parts/worker/worker-process.h"

enum {
	SILENCE = 30, /* seconds, and one more for each MiB that is given or made */
	WORK = 30,    /* seconds, and one more for each 64 KiB */
	SECONDS_MAX = 24 * 60 * 60,
};

/* Bytes of addresses beside what is mapped: its own, and memory within its limit. */
static const uint64_t ADDRESSES = 1024ull << 20;

typedef struct Talk {
	const WorkerTask *task;
	WorkerPatience patience;
	WorkerProcess process;
	ProtocolReplies replies;
	uint8_t message[PROTOCOL_REPLY_MAX];
} Talk;

static uint64_t bytes_of(const WorkerTask *task)
{
	uint64_t sum;

	if (__builtin_add_overflow(task->job.download_size, task->old_size, &sum) ||
		__builtin_add_overflow(sum, task->job.result_size, &sum))
		return UINT64_MAX;
	return sum;
}

static unsigned at_most_a_day(uint64_t seconds)
{
	return seconds < SECONDS_MAX ? (unsigned)seconds : SECONDS_MAX;
}

WorkerPatience worker_patience(const WorkerTask *task)
{
	return (WorkerPatience){
		.silence = at_most_a_day(SILENCE + (bytes_of(task) >> 20)),
		.work = at_most_a_day(WORK + (bytes_of(task) >> 16)),
	};
}

/* Each mapping is made of whole pages. */
static uint64_t addresses_for(const WorkerTask *task)
{
	uint64_t sum, pages = ((uint64_t)task->job.n_sources + 1) << 16;

	if (__builtin_add_overflow(task->job.download_size, task->old_size, &sum) ||
		__builtin_add_overflow(sum, ADDRESSES + pages, &sum))
		return UINT64_MAX;
	return sum;
}

/* Until the socket can be read, or written to if asked for; *ret says which. */
static int wait_until(const Talk *talk, short events, short *ret, Error *error)
{
	struct pollfd end = {talk->process.socket, events, 0};
	int r;

	do
		r = poll(&end, 1, (int)talk->patience.silence * 1000);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_os(error, errno, "cannot wait for the worker");
	if (r == 0) {
		(void)error_set(error, "the worker did not finish: it was silent for %u seconds",
			talk->patience.silence);
		return WORKER_UNUSABLE;
	}
	*ret = end.revents;
	return 0;
}

static int judge(Talk *talk, Bytes message, int flags, ProtocolReply *reply, Error *error)
{
	if (flags & MSG_CTRUNC)
		return error_set(error, "it sent descriptors");
	if (flags & MSG_TRUNC)
		return error_set(error, "it sent a message that is too long");
	return protocol_take_reply(&talk->replies, message, reply, error);
}

/* There is no room for descriptors: the kernel drops them, and says so. A message of no bytes looks like the
 * end, but for what poll() says. */
static int receive(Talk *talk, ProtocolReply *reply, Error *error)
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
	if (n < 0 || (n == 0 && events & POLLHUP))
		(void)worker_process_explain(&talk->process, talk->patience.silence, error);
	else if (judge(talk, (Bytes){talk->message, (size_t)n}, header.msg_flags, reply, error) == 0)
		return 0;
	else
		(void)error_in(error, "the worker was out of order and was ended");
	return WORKER_UNUSABLE;
}

/* One that never gets ready says nothing about what it would have been given. */
static int begin(Talk *talk, Error *error)
{
	ProtocolReply reply;

	if (receive(talk, &reply, error) != 0)
		return -1;
	if (reply.type == PROTOCOL_REFUSED)
		return error_set(error, "the worker refuses to work: %s", reply.sentence);
	return 0;
}

/* *ret_heard: the worker speaks, or has gone, before all was sent. */
static int send_order(Talk *talk, const uint8_t *order, size_t size, const int *fds, uint32_t n_fds,
	bool *ret_heard, Error *error)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * PROTOCOL_SOURCES_MAX)];
		struct cmsghdr header;
	} control = {.bytes = {0}};
	struct iovec place = {(void *)(uintptr_t)order, size};
	struct msghdr message = {.msg_iov = &place,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	short events = 0;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(header), fds, sizeof(int) * n_fds);
	for (;;) {
		int r = wait_until(talk, POLLIN | POLLOUT, &events, error);

		*ret_heard = events != POLLOUT;
		if (r != 0 || *ret_heard)
			return r;
		if (sendmsg(talk->process.socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EPIPE || errno == ECONNRESET) {
			*ret_heard = true;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return error_os(error, errno, "cannot hand files to the worker");
	}
}

static int send_sources(Talk *talk, uint32_t first, uint32_t n, bool *ret_heard, Error *error)
{
	const WorkerTask *task = talk->task;
	uint8_t order[PROTOCOL_ORDER_MAX];
	uint64_t sizes[PROTOCOL_SOURCES_MAX];
	int fds[PROTOCOL_SOURCES_MAX];
	uint32_t opened = 0;
	int r = 0;

	for (; opened < n && r == 0; opened += r == 0)
		r = task->open(task->userdata, first + opened, &fds[opened], &sizes[opened], error);
	if (r == 0)
		r = send_order(
			talk, order, protocol_write_sources(sizes, n, order), fds, n, ret_heard, error);
	while (opened > 0)
		(void)close(fds[--opened]);
	return r;
}

static int send_job(Talk *talk, bool *ret_heard, Error *error)
{
	const WorkerTask *task = talk->task;
	uint8_t order[PROTOCOL_ORDER_MAX];

	return send_order(
		talk, order, protocol_write_job(&task->job, order), &task->download, 1, ret_heard, error);
}

/* A worker that speaks meanwhile has found something wrong: then it is heard, and the rest not sent. */
static int send_all(Talk *talk, Error *error)
{
	const uint32_t n = talk->task->job.n_sources;
	bool heard = false;
	int r = send_job(talk, &heard, error);

	for (uint32_t at = 0; at < n && r == 0 && !heard;) {
		uint32_t batch = n - at < PROTOCOL_SOURCES_MAX ? n - at : PROTOCOL_SOURCES_MAX;

		r = send_sources(talk, at, batch, &heard, error);
		at += batch;
	}
	return r;
}

static int receive_result(Talk *talk, Error *error)
{
	const WorkerTask *task = talk->task;
	ProtocolReply reply = {.type = PROTOCOL_READY};

	while (reply.type != PROTOCOL_DONE) {
		int r = receive(talk, &reply, error);

		if (r != 0)
			return r;
		if (reply.type == PROTOCOL_FAILED) {
			(void)error_set(error, "it cannot be decoded: %s", reply.sentence);
			return WORKER_UNUSABLE;
		}
		if (reply.type == PROTOCOL_DATA && task->sink(task->userdata, reply.data, error) < 0)
			return -1;
	}
	return 0;
}

int worker_run(const WorkerTask *task, WorkerPatience patience, Error *error)
{
	CLEANUP_FREE Talk *talk = calloc(1, sizeof(*talk));
	int r;

	if (!talk)
		return error_memory(error);
	talk->task = task;
	talk->patience = patience;
	talk->replies.left = task->job.result_size;
	if (worker_process_start(&talk->process, patience.work, addresses_for(task), error) < 0)
		return -1;
	r = begin(talk, error);
	if (r == 0)
		r = send_all(talk, error);
	if (r == 0)
		r = receive_result(talk, error);
	worker_process_end(&talk->process);
	return r;
}
