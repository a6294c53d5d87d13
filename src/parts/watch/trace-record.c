/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace-record.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Behind all but samples: pid, tid, time (attr.sample_id_all with TID | TIME). */
enum { HEADER_SIZE = 8, TRAILER_SIZE = 16, RAW_MAX = 4096 };

/* The kernel writes in its own byte order. */
static uint64_t native_u64(Bytes bytes)
{
	uint64_t value;

	memcpy(&value, bytes.data, sizeof(value));
	return value;
}

static uint32_t native_u32(Bytes bytes)
{
	uint32_t value;

	memcpy(&value, bytes.data, sizeof(value));
	return value;
}

static int take_u64(Reader *reader, uint64_t *ret, Error *error)
{
	Bytes bytes;

	if (reader_take(reader, sizeof(*ret), &bytes, error) < 0)
		return -1;
	*ret = native_u64(bytes);
	return 0;
}

static int take_u32(Reader *reader, uint32_t *ret, Error *error)
{
	Bytes bytes;

	if (reader_take(reader, sizeof(*ret), &bytes, error) < 0)
		return -1;
	*ret = native_u32(bytes);
	return 0;
}

/* Padded with zero bytes to a multiple of eight. */
static Bytes take_text(Reader *reader)
{
	Bytes rest = {reader->bytes.data + reader->at, reader_left(reader)};

	rest.size = strnlen((const char *)rest.data, rest.size);
	return rest;
}

/* FORK and EXIT: a process's number, its parent's, and the same of the thread. */
static int parse_task(Reader *body, TraceKind kind, TraceRecord *record, Error *error)
{
	uint32_t process, parent, thread;

	if (take_u32(body, &process, error) < 0 || take_u32(body, &parent, error) < 0 ||
		take_u32(body, &thread, error) < 0)
		return -1;
	record->kind = kind;
	record->process = (pid_t)process;
	record->parent = (pid_t)parent;
	/* A thread that begins or ends changes nothing of what its process maps. */
	return process == thread ? 0 : TRACE_IGNORED;
}

static int parse_name(Reader *body, uint16_t misc, TraceRecord *record, Error *error)
{
	uint32_t process, thread;
	Bytes name;

	if (take_u32(body, &process, error) < 0 || take_u32(body, &thread, error) < 0)
		return -1;
	name = take_text(body);
	if (name.size >= TRACE_NAME_SIZE)
		return error_set(error, "a program's name of %zu bytes", name.size);
	record->kind = TRACE_EXEC;
	record->process = (pid_t)process;
	memcpy(record->name, name.data, name.size);
	return misc & PERF_RECORD_MISC_COMM_EXEC ? 0 : TRACE_IGNORED;
}

static int parse_map(Reader *body, uint16_t misc, TraceRecord *record, Error *error)
{
	uint32_t process, thread, device_major, device_minor;
	uint64_t inode;
	Bytes skipped;

	if (misc & PERF_RECORD_MISC_MMAP_BUILD_ID)
		return error_set(error, "a mapping without its file's numbers");
	/* Between: address, length and offset. */
	if (take_u32(body, &process, error) < 0 || take_u32(body, &thread, error) < 0 ||
		reader_take(body, 24, &skipped, error) < 0 || take_u32(body, &device_major, error) < 0 ||
		take_u32(body, &device_minor, error) < 0 || take_u64(body, &inode, error) < 0 ||
		reader_take(body, 16, &skipped, error) < 0)
		return -1;
	record->kind = TRACE_MAP;
	record->process = (pid_t)process;
	record->device = makedev(device_major, device_minor);
	record->inode = inode;
	record->path = take_text(body);
	return inode > 0 ? 0 : TRACE_IGNORED;
}

static int parse_cgroup(Reader *body, TraceRecord *record, Error *error)
{
	if (take_u64(body, &record->cgroup, error) < 0)
		return -1;
	record->kind = TRACE_CGROUP;
	record->path = take_text(body);
	return 0;
}

/* Is [offset, offset + size) of the raw bytes there? */
static bool has_field(Bytes raw, size_t offset, size_t size)
{
	return range_within(offset, size, raw.size);
}

static int parse_signal(Bytes raw, const TraceLayout *layout, TraceRecord *record, Error *error)
{
	unsigned long handler;
	int32_t number, code;

	if (!has_field(raw, layout->signal, sizeof(number)) || !has_field(raw, layout->code, sizeof(code)) ||
		!has_field(raw, layout->handler, sizeof(handler)))
		return error_set(error, "a signal's record of %zu bytes, which is too short", raw.size);
	memcpy(&number, raw.data + layout->signal, sizeof(number));
	memcpy(&code, raw.data + layout->code, sizeof(code));
	memcpy(&handler, raw.data + layout->handler, sizeof(handler));
	record->kind = TRACE_SIGNAL;
	record->signal = number;
	record->code = code;
	return handler == 0 ? 0 : TRACE_IGNORED; /* 0: SIG_DFL */
}

/* In the order of the bits of the sample type. */
static int parse_sample(Reader *body, const TraceLayout *layout, TraceRecord *record, Error *error)
{
	uint32_t process, thread, size;
	Bytes raw;

	if (take_u32(body, &process, error) < 0 || take_u32(body, &thread, error) < 0 ||
		take_u64(body, &record->time, error) < 0 || take_u32(body, &size, error) < 0)
		return -1;
	if (size > RAW_MAX)
		return error_set(error, "a sample of %u bytes", size);
	if (reader_take(body, size, &raw, error) < 0 ||
		(layout->has_cgroup && take_u64(body, &record->cgroup, error) < 0))
		return -1;
	record->process = (pid_t)process;
	return parse_signal(raw, layout, record, error);
}

static int parse_body(const struct perf_event_header *header, Reader *body, const TraceLayout *layout,
	TraceRecord *record, Error *error)
{
	switch (header->type) {
	case PERF_RECORD_FORK:
		return parse_task(body, TRACE_FORK, record, error);
	case PERF_RECORD_EXIT:
		return parse_task(body, TRACE_END, record, error);
	case PERF_RECORD_COMM:
		return parse_name(body, header->misc, record, error);
	case PERF_RECORD_MMAP2:
		return parse_map(body, header->misc, record, error);
	case PERF_RECORD_CGROUP:
		return parse_cgroup(body, record, error);
	case PERF_RECORD_SAMPLE:
		return parse_sample(body, layout, record, error);
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
	case PERF_RECORD_THROTTLE:
		record->kind = TRACE_LOST;
		return 0;
	default:
		return TRACE_IGNORED;
	}
}

/* Takes the trailer off the body's end. */
static int parse_trailer(Reader *body, TraceRecord *record, Error *error)
{
	if (reader_left(body) < TRAILER_SIZE)
		return error_set(error, "it is too short");
	body->bytes.size -= TRAILER_SIZE;
	record->time = native_u64((Bytes){body->bytes.data + body->bytes.size + 8, 8});
	return 0;
}

int trace_record_parse(Bytes bytes, const TraceLayout *layout, TraceRecord *ret, Error *error)
{
	struct perf_event_header header;
	TraceRecord record = {.kind = TRACE_LOST};
	Reader body = {bytes, HEADER_SIZE};
	int r;

	_Static_assert(sizeof(header) == HEADER_SIZE, "the kernel's header");
	if (bytes.size < sizeof(header))
		return error_set(error, "a record of %zu bytes", bytes.size);
	memcpy(&header, bytes.data, sizeof(header));
	if (header.size != bytes.size)
		return error_set(error, "a record of %zu bytes says that it has %u", bytes.size, header.size);
	if (header.type != PERF_RECORD_SAMPLE && parse_trailer(&body, &record, error) < 0)
		return error_in(error, "a record of type %u", header.type);
	r = parse_body(&header, &body, layout, &record, error);
	if (r < 0)
		return error_in(error, "a record of type %u", header.type);
	/* A process of another pid namespace, or one that is gone by now, has no number here. */
	if (r == 0 && record.kind != TRACE_CGROUP && record.kind != TRACE_LOST && record.process <= 0)
		r = TRACE_IGNORED;
	if (r == 0)
		*ret = record;
	return r;
}
