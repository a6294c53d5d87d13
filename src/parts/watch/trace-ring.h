/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The ring that the kernel and this process share for one perf event (perf_event_open(2), "MMAP layout"): the
 * kernel writes records and moves data_head, this side reads them and moves data_tail.
 */

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

enum { TRACE_RING_RECORD_MAX = 65535 };

typedef struct TraceRing {
	void *memory;   /* the control page, then the data; NULL: none */
	size_t size;    /* of the data: a power of two */
	uint8_t *whole; /* one record that goes round the end, put together */
} TraceRing;

/* data_size: a power of two, at least a page. */
int trace_ring_open(int fd, size_t data_size, TraceRing *ret, Error *error);
void trace_ring_close(TraceRing *ring);

/* Hands each whole record over that the kernel had finished when this began, and gives its room back. A
 * visitor that fails, or a ring that makes no sense, ends it; what was there then is dropped. */
typedef int (*TraceVisitor)(void *userdata, Bytes record, Error *error);
int trace_ring_read(TraceRing *ring, TraceVisitor visitor, void *userdata, Error *error);
