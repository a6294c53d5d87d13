/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "parts/worker/worker-talk.h"

enum {
	SILENCE = 30, /* seconds, and one more for each MiB that is given or made */
	WORK = 30,    /* seconds, and one more for each 64 KiB */
	SECONDS_MAX = 24 * 60 * 60,
};

/* Bytes of addresses beside what is mapped: its own, and memory within its limit. */
static const uint64_t ADDRESSES = 1024ull << 20;

static const WorkerProgram decoder = {"SUTURE_WORKER", WORKER_PATH, "decode"};

typedef struct Talk {
	const WorkerTask *task;
	ProtocolReplies replies;
	WorkerTalk worker;
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

static int receive(Talk *talk, ProtocolReply *reply, Error *error)
{
	Bytes message;
	int r = worker_talk_receive(&talk->worker, &message, error);

	if (r == 0 && protocol_take_reply(&talk->replies, message, reply, error) < 0)
		r = worker_talk_disorder(error);
	return r == WORKER_TALK_OVER ? WORKER_UNUSABLE : r;
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
	int r;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(header), fds, sizeof(int) * n_fds);
	r = worker_talk_send(&talk->worker, &message, ret_heard, error);
	return r == WORKER_TALK_OVER ? WORKER_UNUSABLE : r;
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
	const WorkerStart start = {&decoder, NULL, patience.work, addresses_for(task)};
	CLEANUP_FREE Talk *talk = calloc(1, sizeof(*talk));
	int r;

	if (!talk)
		return error_memory(error);
	talk->task = task;
	talk->worker.silence = patience.silence;
	talk->replies = (ProtocolReplies){.ready = true, .left = task->job.result_size};
	if (worker_process_start(&talk->worker.process, &start, error) < 0)
		return -1;
	r = worker_talk_begin(&talk->worker, error);
	if (r == 0)
		r = send_all(talk, error);
	if (r == 0)
		r = receive_result(talk, error);
	worker_process_end(&talk->worker.process);
	return r;
}
