/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace-ring.h"

#include "base/test.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DATA_SIZE = 4096 };

/* A ring whose kernel is the test. */
typedef struct Fake {
	int fd;
	TraceRing ring;
	struct perf_event_mmap_page *control;
	uint8_t *data;
	uint64_t head;
} Fake;

static int setup(void **state)
{
	Fake *fake = calloc(1, sizeof(*fake));
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	Error error = ERROR_INIT;

	assert_non_null(fake);
	fake->fd = memfd_create("ring", MFD_CLOEXEC);
	assert_true(fake->fd >= 0 && ftruncate(fake->fd, (off_t)(page + DATA_SIZE)) == 0);
	assert_done(trace_ring_open(fake->fd, DATA_SIZE, &fake->ring, &error), &error);
	fake->control = fake->ring.memory;
	fake->data = (uint8_t *)fake->ring.memory + page;
	*state = fake;
	return 0;
}

static int teardown(void **state)
{
	Fake *fake = *state;

	trace_ring_close(&fake->ring);
	(void)close(fake->fd);
	free(fake);
	return 0;
}

static void write_record(Fake *fake, uint16_t size, uint8_t fill)
{
	struct perf_event_header header = {.type = PERF_RECORD_SAMPLE, .size = size};
	uint8_t record[DATA_SIZE];

	memset(record, fill, sizeof(record));
	memcpy(record, &header, sizeof(header));
	for (size_t i = 0; i < size; i++)
		fake->data[(fake->head + i) % DATA_SIZE] = record[i];
	fake->head += size;
	__atomic_store_n(&fake->control->data_head, fake->head, __ATOMIC_RELEASE);
}

typedef struct Found {
	size_t n, bytes;
	uint8_t last;
	bool fail;
} Found;

static int visit(void *userdata, Bytes record, Error *error)
{
	Found *found = userdata;

	if (found->fail)
		return error_set(error, "no more");
	found->n++;
	found->bytes += record.size;
	found->last = record.data[record.size - 1];
	for (size_t i = 8; i < record.size; i++)
		assert_int_equal(record.data[i], found->last);
	return 0;
}

static void hands_over_each_record_once(void **state)
{
	Fake *fake = *state;
	Found found = {.n = 0};
	Error error = ERROR_INIT;

	write_record(fake, 40, 1);
	write_record(fake, 64, 2);
	assert_done(trace_ring_read(&fake->ring, visit, &found, &error), &error);
	assert_done(trace_ring_read(&fake->ring, visit, &found, &error), &error);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.bytes, 104);
	assert_int_equal(fake->control->data_tail, fake->head);
}

static void puts_together_what_goes_round_the_end(void **state)
{
	Fake *fake = *state;
	Found found = {.n = 0};
	Error error = ERROR_INIT;

	for (uint8_t i = 0; i < 200; i++) {
		write_record(fake, 1000, i);
		assert_done(trace_ring_read(&fake->ring, visit, &found, &error), &error);
		assert_int_equal(found.n, i + 1);
		assert_int_equal(found.last, i);
	}
}

static void a_ring_that_makes_no_sense_is_dropped(void **state)
{
	Fake *fake = *state;
	Found found = {.n = 0};
	Error error = ERROR_INIT;

	write_record(fake, 4, 0);
	assert_fails(trace_ring_read(&fake->ring, visit, &found, &error), &error, "within a record");
	write_record(fake, 16, 0);
	fake->data[6 + 4] = 200; /* its size */
	assert_fails(trace_ring_read(&fake->ring, visit, &found, &error), &error, "a record of");
	fake->control->data_head = fake->head + 2 * DATA_SIZE;
	assert_fails(trace_ring_read(&fake->ring, visit, &found, &error), &error, "fuller");
	fake->head += 2 * DATA_SIZE;
	write_record(fake, 40, 3);
	assert_done(trace_ring_read(&fake->ring, visit, &found, &error), &error);
	assert_int_equal(found.n, 1);
}

static void a_visitor_that_fails_ends_it(void **state)
{
	Fake *fake = *state;
	Found found = {.fail = true};
	Error error = ERROR_INIT;

	write_record(fake, 40, 3);
	assert_fails(trace_ring_read(&fake->ring, visit, &found, &error), &error, "no more");
	assert_int_equal(fake->control->data_tail, fake->head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hands_over_each_record_once, setup, teardown),
		cmocka_unit_test_setup_teardown(puts_together_what_goes_round_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ring_that_makes_no_sense_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(a_visitor_that_fails_ends_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
