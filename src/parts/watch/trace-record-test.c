/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace-record.h"

#include "base/test.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/sysmacros.h>

static const TraceLayout layout = {.signal = 8, .code = 16, .handler = 24, .has_cgroup = true};

/* A record under construction. */
typedef struct Making {
	uint8_t bytes[512];
	size_t size;
} Making;

static void put(Making *making, const void *data, size_t size)
{
	memcpy(making->bytes + making->size, data, size);
	making->size += size;
}

static void put_u32(Making *making, uint32_t value)
{
	put(making, &value, sizeof(value));
}

static void put_u64(Making *making, uint64_t value)
{
	put(making, &value, sizeof(value));
}

static Making begin(void)
{
	return (Making){.size = sizeof(struct perf_event_header)};
}

static Bytes end(Making *making, uint32_t type, uint16_t misc)
{
	struct perf_event_header header = {.type = type, .misc = misc, .size = (uint16_t)making->size};

	memcpy(making->bytes, &header, sizeof(header));
	return (Bytes){making->bytes, making->size};
}

static void put_trailer(Making *making, uint64_t time)
{
	put_u32(making, 1);
	put_u32(making, 1);
	put_u64(making, time);
}

static Making make_map(const char path[static 8])
{
	Making making = begin();

	put_u32(&making, 42);
	put_u32(&making, 43);
	for (int i = 0; i < 3; i++)
		put_u64(&making, 0x1000);
	put_u32(&making, 8);
	put_u32(&making, 17);
	put_u64(&making, 1234);
	put_u64(&making, 1);
	put_u64(&making, 5);
	put(&making, path, 8);
	put_trailer(&making, 99);
	return making;
}

static void reads_what_a_process_maps(void **state)
{
	Making making = make_map("/lib/x\0");
	TraceRecord record;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(trace_record_parse(end(&making, PERF_RECORD_MMAP2, 0), &layout, &record, &error), &error);
	assert_int_equal(record.kind, TRACE_MAP);
	assert_int_equal(record.process, 42);
	assert_int_equal(record.device, makedev(8, 17));
	assert_int_equal(record.inode, 1234);
	assert_int_equal(record.time, 99);
	assert_int_equal(record.path.size, 6);
	assert_memory_equal(record.path.data, "/lib/x", 6);
}

static int parse_task(uint32_t type, uint32_t process, uint32_t thread, TraceRecord *record, Error *error)
{
	Making making = begin();

	put_u32(&making, process);
	put_u32(&making, 7);
	put_u32(&making, thread);
	put_u32(&making, 7);
	put_u64(&making, 0);
	put_trailer(&making, 5);
	return trace_record_parse(end(&making, type, 0), &layout, record, error);
}

static void reads_forks_and_ends_of_processes_and_not_of_threads(void **state)
{
	TraceRecord record;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse_task(PERF_RECORD_FORK, 9, 9, &record, &error), &error);
	assert_int_equal(record.kind, TRACE_FORK);
	assert_int_equal(record.process, 9);
	assert_int_equal(record.parent, 7);
	assert_done(parse_task(PERF_RECORD_EXIT, 9, 9, &record, &error), &error);
	assert_int_equal(record.kind, TRACE_END);
	assert_int_equal(parse_task(PERF_RECORD_FORK, 9, 10, &record, &error), TRACE_IGNORED);
	assert_int_equal(parse_task(PERF_RECORD_EXIT, 9, 10, &record, &error), TRACE_IGNORED);
	assert_int_equal(parse_task(PERF_RECORD_FORK, 0, 0, &record, &error), TRACE_IGNORED);
	assert_int_equal(
		parse_task(PERF_RECORD_EXIT, UINT32_MAX, UINT32_MAX, &record, &error), TRACE_IGNORED);
}

static void reads_the_name_of_a_program_that_begins(void **state)
{
	Making making = begin();
	TraceRecord record;
	Error error = ERROR_INIT;

	(void)state;
	put_u32(&making, 9);
	put_u32(&making, 9);
	put(&making, "cron\0\0\0", 8);
	put_trailer(&making, 5);
	assert_done(trace_record_parse(end(&making, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC), &layout,
			    &record, &error),
		&error);
	assert_int_equal(record.kind, TRACE_EXEC);
	assert_string_equal(record.name, "cron");
	/* A process that only gives itself another name. */
	assert_int_equal(trace_record_parse(end(&making, PERF_RECORD_COMM, 0), &layout, &record, &error),
		TRACE_IGNORED);
}

static int parse_signal(uint64_t handler, TraceRecord *record, Error *error)
{
	Making making = begin();

	put_u32(&making, 9);
	put_u32(&making, 10);
	put_u64(&making, 77);
	put_u32(&making, 44);
	put_u64(&making, 0);
	put_u32(&making, 11);
	put_u32(&making, 0);
	put_u32(&making, 1);
	put_u32(&making, 0);
	put_u64(&making, handler);
	put_u64(&making, 0);
	put_u32(&making, 0);
	put_u64(&making, 555);
	return trace_record_parse(end(&making, PERF_RECORD_SAMPLE, 0), &layout, record, error);
}

static void reads_a_signal_that_nobody_handles(void **state)
{
	TraceRecord record;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse_signal(0, &record, &error), &error);
	assert_int_equal(record.kind, TRACE_SIGNAL);
	assert_int_equal(record.process, 9);
	assert_int_equal(record.time, 77);
	assert_int_equal(record.signal, 11);
	assert_int_equal(record.code, 1);
	assert_int_equal(record.cgroup, 555);
	assert_int_equal(parse_signal(0x400000, &record, &error), TRACE_IGNORED);
}

static void says_that_something_was_lost(void **state)
{
	Making making = begin();
	TraceRecord record;
	Error error = ERROR_INIT;

	(void)state;
	put_u64(&making, 1);
	put_u64(&making, 12);
	put_trailer(&making, 5);
	assert_done(trace_record_parse(end(&making, PERF_RECORD_LOST, 0), &layout, &record, &error), &error);
	assert_int_equal(record.kind, TRACE_LOST);
}

static void refuses_every_record_that_is_cut_short(void **state)
{
	static const uint32_t types[] = {PERF_RECORD_MMAP2, PERF_RECORD_FORK, PERF_RECORD_EXIT,
		PERF_RECORD_SAMPLE, PERF_RECORD_CGROUP};
	TraceRecord record;
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (size_t size = 0; size < 24; size++) {
			Making making = make_map("/lib/x\0");

			making.size = size;
			assert_fails(trace_record_parse(end(&making, types[i], 0), &layout, &record, &error),
				&error, "record");
		}
	}
}

static void refuses_a_size_that_is_not_the_record_s(void **state)
{
	Making making = make_map("/lib/x\0");
	Bytes bytes = end(&making, PERF_RECORD_MMAP2, 0);
	TraceRecord record;
	Error error = ERROR_INIT;

	(void)state;
	bytes.size -= 8;
	assert_fails(trace_record_parse(bytes, &layout, &record, &error), &error, "says that it has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_a_process_maps),
		cmocka_unit_test(reads_forks_and_ends_of_processes_and_not_of_threads),
		cmocka_unit_test(reads_the_name_of_a_program_that_begins),
		cmocka_unit_test(reads_a_signal_that_nobody_handles),
		cmocka_unit_test(says_that_something_was_lost),
		cmocka_unit_test(refuses_every_record_that_is_cut_short),
		cmocka_unit_test(refuses_a_size_that_is_not_the_record_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
