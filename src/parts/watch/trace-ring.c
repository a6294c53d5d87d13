/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace-ring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

static size_t control_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int trace_ring_open(int fd, size_t data_size, TraceRing *ret, Error *error)
{
	CLEANUP_FREE uint8_t *whole = malloc(TRACE_RING_RECORD_MAX);
	void *memory;

	if (!whole)
		return error_memory(error);
	memory = mmap(NULL, control_size() + data_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return error_os(error, errno, "cannot map the ring of a perf event");
	*ret = (TraceRing){memory, data_size, TAKE_PTR(whole)};
	return 0;
}

void trace_ring_close(TraceRing *ring)
{
	if (ring->memory)
		(void)munmap(ring->memory, control_size() + ring->size);
	free(ring->whole);
	*ring = (TraceRing){.memory = NULL};
}

/* The bytes at a position that only grows; in one piece, copied when they go round the end. */
static Bytes piece_at(const TraceRing *ring, const uint8_t *data, uint64_t position, size_t size)
{
	size_t at = (size_t)(position & (ring->size - 1));
	size_t first = ring->size - at;

	if (size <= first)
		return (Bytes){data + at, size};
	memcpy(ring->whole, data + at, first);
	memcpy(ring->whole + first, data, size - first);
	return (Bytes){ring->whole, size};
}

static int read_one(const TraceRing *ring, const uint8_t *data, uint64_t *tail, uint64_t head,
	TraceVisitor visitor, void *userdata, Error *error)
{
	struct perf_event_header header;
	uint64_t left = head - *tail;

	if (left < sizeof(header))
		return error_set(error, "a perf ring ends within a record");
	memcpy(&header, piece_at(ring, data, *tail, sizeof(header)).data, sizeof(header));
	if (header.size < sizeof(header) || header.size > left)
		return error_set(error, "a perf ring has a record of %u bytes", header.size);
	if (visitor(userdata, piece_at(ring, data, *tail, header.size), error) < 0)
		return -1;
	*tail += header.size;
	return 0;
}

int trace_ring_read(TraceRing *ring, TraceVisitor visitor, void *userdata, Error *error)
{
	struct perf_event_mmap_page *control = ring->memory;
	const uint8_t *data = (const uint8_t *)ring->memory + control_size();
	/* Pairs with the kernel's store of data_head behind the records. */
	uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = control->data_tail; /* nobody else writes it */
	int r = head - tail > ring->size ? error_set(error, "a perf ring is fuller than it can be") : 0;

	while (r == 0 && tail != head)
		r = read_one(ring, data, &tail, head, visitor, userdata, error);
	/* Pairs with the kernel's load of data_tail: our reads are done before it writes over them. */
	__atomic_store_n(&control->data_tail, head, __ATOMIC_RELEASE);
	return r;
}
