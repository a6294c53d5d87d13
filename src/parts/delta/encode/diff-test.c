/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/diff.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/model/sample.h"

enum { ELF = 64 * 1024, SIZE = 5 << 20 };

static uint8_t *old_bytes, *new_bytes;

/* An ELF file, which is searched for in rounds, before enough bytes for all that is done at the same time. */
static int make_files(void **state)
{
	static const SampleSection sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, SAMPLE_STEP, 0, 0},
		{".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, SAMPLE_STEP, 0, 0},
	};
	CLEANUP_SAMPLE Sample sample = sample_new(ET_DYN, EM_X86_64, sections, 2);
	uint32_t random = 1;

	(void)state;
	old_bytes = malloc(SIZE);
	new_bytes = malloc(SIZE);
	assert_true(old_bytes && new_bytes && sample.bytes.size <= ELF);
	for (size_t i = 0; i < SIZE; i++)
		old_bytes[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
	for (uint32_t at = 0; at + 5 <= SAMPLE_STEP; at += 5) {
		sample_put(&sample, SAMPLE_STEP + at, "\xe8", 1);
		sample_put_u32(&sample, SAMPLE_STEP + at + 1, (at * 7 % SAMPLE_STEP) - at);
	}
	memset(old_bytes, 0, ELF);
	memcpy(old_bytes, sample.bytes.data, sample.bytes.size);
	memcpy(new_bytes, old_bytes, SIZE);
	memcpy(new_bytes + SAMPLE_STEP + 100, old_bytes + SAMPLE_STEP, SAMPLE_STEP - 100);
	for (size_t i = ELF; i + 40000 < SIZE; i += 9999)
		memcpy(new_bytes + i, old_bytes + i + 77, i % 300);
	return 0;
}

static int free_files(void **state)
{
	(void)state;
	free(old_bytes);
	free(new_bytes);
	return 0;
}

static int diff_with(DiffJob job, Buffer *ret, Error *error)
{
	const DiffSource source = {".", {old_bytes, SIZE}};

	job.sources = &source;
	job.n_sources = 1;
	job.result = (Bytes){new_bytes, SIZE};
	return delta_diff(&job, ret, error);
}

static void makes_the_same_delta_with_any_number_of_threads(void **state)
{
	CLEANUP_BUFFER Buffer alone = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(diff_with((DiffJob){.workers = 1}, &alone, &error), &error);
	for (unsigned workers = 0; workers < 5; workers++) {
		CLEANUP_BUFFER Buffer delta = BUFFER_INIT;

		assert_done(diff_with((DiffJob){.workers = workers}, &delta, &error), &error);
		assert_true(bytes_equal(buffer_bytes(&delta), buffer_bytes(&alone)));
	}
}

typedef struct Told {
	uint64_t done, total;
} Told;

static void tell(void *userdata, uint64_t done, uint64_t total)
{
	Told *told = userdata;

	assert_true(done >= told->done && done <= total);
	*told = (Told){done, total};
}

static void tells_how_far_it_is_up_to_the_end(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers < 3; workers++) {
		CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
		Error error = ERROR_INIT;
		Told told = {0, 0};

		assert_done(diff_with((DiffJob){.workers = workers, .progress = tell, .userdata = &told},
				    &delta, &error),
			&error);
		assert_true(told.total > 0);
		assert_int_equal(told.done, told.total);
	}
}

static void appends_to_what_is_there(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(buffer_append(&delta, "before", 6, &error), 0);
	assert_done(diff_with((DiffJob){.level = DIFF_FAST}, &delta, &error), &error);
	assert_memory_equal(delta.data, "beforeSUTDELTA", 14);
}

static void keeps_its_hands_off_the_output_when_it_fails(void **state)
{
	const DiffExtent nobody = {0, 10, 7};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(diff_with((DiffJob){.extents = &nobody, .n_extents = 1}, &delta, &error), &error,
		"not there");
	assert_int_equal(delta.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_the_same_delta_with_any_number_of_threads),
		cmocka_unit_test(tells_how_far_it_is_up_to_the_end),
		cmocka_unit_test(appends_to_what_is_there),
		cmocka_unit_test(keeps_its_hands_off_the_output_when_it_fails),
	};

	return cmocka_run_group_tests_name("diff", tests, make_files, free_files);
}
