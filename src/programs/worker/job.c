/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/worker/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "parts/delta/format/format.h"

typedef struct Order {
	uint8_t bytes[PROTOCOL_ORDER_MAX];
	size_t size;
	int fds[PROTOCOL_SOURCES_MAX];
	uint32_t n_fds;
} Order;

static int receive(Order *ret, Error *error)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * PROTOCOL_SOURCES_MAX)];
		struct cmsghdr header;
	} control;
	struct iovec place = {ret->bytes, sizeof(ret->bytes)};
	struct msghdr message = {.msg_iov = &place,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	const struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(PROTOCOL_FD, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_os(error, errno, "cannot hear");
	header = CMSG_FIRSTHDR(&message);
	if (n == 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !header ||
		header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return error_set(error, "a message without its files");
	ret->size = (size_t)n;
	ret->n_fds = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(ret->fds, CMSG_DATA(header), ret->n_fds * sizeof(int));
	return 0;
}

/* The descriptor is closed: what is mapped can only be read. */
static int map(int fd, uint64_t size, Bytes *ret, Error *error)
{
	void *data = NULL;

	if (size > SIZE_MAX / 2)
		return error_set(error, "a file that is too large for this machine");
	if (size > 0)
		data = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return error_os(error, errno, "cannot map a file");
	(void)close(fd);
	*ret = (Bytes){data, (size_t)size};
	return 0;
}

static int receive_sources(Job *job, Error *error)
{
	uint64_t sizes[PROTOCOL_SOURCES_MAX];
	Order order;
	uint32_t n;

	if (receive(&order, error) < 0 ||
		protocol_parse_sources((Bytes){order.bytes, order.size}, sizes, &n, error) < 0)
		return -1;
	if (n != order.n_fds || n > job->job.n_sources - job->n_sources)
		return error_set(error, "a message with other files than it says");
	for (uint32_t i = 0; i < n; i++)
		if (map(order.fds[i], sizes[i], &job->sources[job->n_sources + i], error) < 0)
			return -1;
	job->n_sources += n;
	return 0;
}

int job_receive(Job *ret, Error *error)
{
	Job job = {.sources = NULL};
	Order order;

	if (receive(&order, error) < 0 ||
		protocol_parse_job((Bytes){order.bytes, order.size}, &job.job, error) < 0)
		return -1;
	if (order.n_fds != 1 || job.job.n_sources > DELTA_SOURCES_MAX)
		return error_set(error, "a message with other files than it says");
	job.sources = calloc(job.job.n_sources + 1, sizeof(*job.sources));
	if (!job.sources)
		return error_memory(error);
	if (map(order.fds[0], job.job.download_size, &job.download, error) < 0)
		return -1;
	while (job.n_sources < job.job.n_sources)
		if (receive_sources(&job, error) < 0)
			return -1;
	*ret = job;
	return 0;
}
