/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/decode/apply.h"
#include "parts/delta/decode/explain.h"
#include "parts/delta/encode/diff.h"

/* What diff makes, apply takes: only here may both be called. */

static uint32_t random_state;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

static void fill(uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(next_random() >> 16); /* the upper bits repeat last */
}

static int diff_all(const DiffSource *sources, size_t n_sources, Bytes result, const DiffExtent *extents,
	size_t n_extents, Buffer *ret, Error *error)
{
	const DiffJob job = {
		.sources = sources,
		.n_sources = n_sources,
		.result = result,
		.extents = extents,
		.n_extents = n_extents,
	};

	return delta_diff(&job, ret, error);
}

static int gather(void *userdata, Bytes next, Error *error)
{
	return buffer_append(userdata, next.data, next.size, error);
}

/* Finds the sources that the header names, by name. */
static Bytes bytes_named(const DiffSource *sources, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(sources[i].name, name) == 0)
			return sources[i].bytes;
	fail_msg("the delta names %s, which nobody offered", name);
	return (Bytes){NULL, 0};
}

static int apply_delta(Bytes delta, const DiffSource *sources, size_t n, Buffer *out, Error *error)
{
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Bytes bytes[8];

	if (delta_header_parse(delta, &header, error) < 0)
		return -1;
	assert_true(header.n_sources <= ARRAY_SIZE(bytes));
	for (uint32_t i = 0; i < header.n_sources; i++)
		bytes[i] = bytes_named(sources, n, header.sources[i].name);
	return delta_apply(delta, &header, bytes, gather, out, error);
}

/* Diffs, applies, compares; returns the delta's size. */
static size_t round_trip(
	const DiffSource *sources, size_t n, Bytes result, const DiffExtent *extents, size_t n_extents)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(diff_all(sources, n, result, extents, n_extents, &delta, &error), &error);
	assert_done(apply_delta(buffer_bytes(&delta), sources, n, &out, &error), &error);
	assert_true(bytes_equal(buffer_bytes(&out), result));
	return delta.size;
}

static size_t round_trip_files(Bytes old, Bytes new_bytes)
{
	const DiffSource source = {".", old};
	const DiffExtent extent = {0, new_bytes.size, 0};

	return round_trip(&source, 1, new_bytes, &extent, 1);
}

/* old with count edits: bytes changed, put in and taken out. */
static void edit(Bytes old, unsigned count, Buffer *ret)
{
	size_t at = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t keep = old.size > at ? next_random() % (2 * old.size / (count + 1) + 1) : 0;
		uint8_t fresh[64];
		size_t n = next_random() % sizeof(fresh);

		keep = keep < old.size - at ? keep : old.size - at;
		assert_int_equal(buffer_append(ret, old.data + at, keep, NULL), 0);
		at += keep;
		fill(fresh, n);
		assert_int_equal(buffer_append(ret, fresh, n, NULL), 0);
		n = next_random() % sizeof(fresh);
		at += n < old.size - at ? n : old.size - at;
	}
	assert_int_equal(buffer_append(ret, old.data + at, old.size - at, NULL), 0);
}

static void rebuilds_files_with_random_edits(void **state)
{
	(void)state;
	random_state = 7;
	for (unsigned round = 0; round < 60; round++) {
		size_t size = next_random() % (round % 10 == 0 ? 300000 : 5000);
		CLEANUP_FREE uint8_t *old = malloc(size + 1);
		CLEANUP_BUFFER Buffer edited = BUFFER_INIT;

		assert_non_null(old);
		fill(old, size);
		edit((Bytes){old, size}, round % 12, &edited);
		(void)round_trip_files((Bytes){old, size}, buffer_bytes(&edited));
	}
}

static void rebuilds_the_empty_file_and_from_it(void **state)
{
	static const uint8_t one[1] = {0x55};

	(void)state;
	(void)round_trip_files((Bytes){NULL, 0}, (Bytes){NULL, 0});
	(void)round_trip_files((Bytes){one, 1}, (Bytes){NULL, 0});
	(void)round_trip_files((Bytes){NULL, 0}, (Bytes){one, 1});
	(void)round_trip_files((Bytes){one, 1}, (Bytes){one, 1});
}

static void an_unchanged_file_costs_next_to_nothing(void **state)
{
	enum { SIZE = 20 * 1000 * 1000 };
	CLEANUP_FREE uint8_t *old = malloc(SIZE);

	(void)state;
	assert_non_null(old);
	random_state = 1;
	fill(old, SIZE);
	assert_true(round_trip_files((Bytes){old, SIZE}, (Bytes){old, SIZE}) < 150);
}

static void zeros_cost_next_to_nothing(void **state)
{
	enum { SIZE = 30 * 1000 * 1000 };
	CLEANUP_FREE uint8_t *zeros = calloc(SIZE, 1);

	(void)state;
	assert_non_null(zeros);
	assert_true(round_trip_files((Bytes){NULL, 0}, (Bytes){zeros, SIZE}) < 100);
	memset(zeros + 1000000, 'x', 20);
	memset(zeros + 20000000, 'y', 20);
	assert_true(round_trip_files((Bytes){NULL, 0}, (Bytes){zeros, SIZE}) < 300);
}

/* Longer than a window and than several segments, with edits in the middle. */
static void rebuilds_large_files(void **state)
{
	enum { SIZE = 20 * 1000 * 1000, EDITS = 7 * 1000 * 1000, EDITED = 6 * 1000 * 1000 };
	CLEANUP_FREE uint8_t *old = malloc(SIZE);
	CLEANUP_BUFFER Buffer edited = BUFFER_INIT;

	(void)state;
	assert_non_null(old);
	random_state = 3;
	fill(old, SIZE);
	assert_int_equal(buffer_append(&edited, old, EDITS, NULL), 0);
	edit((Bytes){old + EDITS, EDITED}, 40, &edited);
	assert_int_equal(buffer_append(&edited, old + EDITS + EDITED, SIZE - EDITS - EDITED, NULL), 0);
	assert_true(round_trip_files((Bytes){old, SIZE}, buffer_bytes(&edited)) < 5000);
}

/* An image as the publisher gives it: files of their own between bytes that belong to nobody. */
static void rebuilds_an_image_from_several_files(void **state)
{
	enum { FILE_SIZE = 50000, BLOCK = 4096 };
	static uint8_t files[3][FILE_SIZE];
	static uint8_t image[5 * BLOCK + 3 * FILE_SIZE];
	const DiffSource sources[] = {
		{"usr/lib/c", {files[0], FILE_SIZE}},
		{"usr/lib/unused", {files[1], FILE_SIZE}},
		{"usr/lib/a", {files[2], FILE_SIZE}},
	};
	const DiffExtent extents[] = {
		{BLOCK, FILE_SIZE, 2},
		{2 * BLOCK + FILE_SIZE, FILE_SIZE, 0},
		{2 * BLOCK + 2 * FILE_SIZE, 100, SIZE_MAX},
	};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Error error = ERROR_INIT;

	(void)state;
	random_state = 5;
	fill(files[0], sizeof(files));
	fill(image, BLOCK);
	memcpy(image + extents[0].offset, files[2], FILE_SIZE);
	memcpy(image + extents[1].offset, files[0], FILE_SIZE);
	memset(image + extents[1].offset + 700, 'x', 9);
	assert_true(round_trip(sources, 3, (Bytes){image, sizeof(image)}, extents, 3) < BLOCK + 600);

	assert_done(diff_all(sources, 3, (Bytes){image, sizeof(image)}, extents, 3, &delta, &error), &error);
	assert_done(delta_header_parse(buffer_bytes(&delta), &header, &error), &error);
	assert_int_equal(header.n_sources, 2);
	assert_string_equal(header.sources[0].name, "usr/lib/a");
	assert_string_equal(header.sources[1].name, "usr/lib/c");
}

/* The extents name nothing, or the file as a whole: the rest is found by what it holds. */
static void finds_moved_content_in_renamed_and_in_large_files(void **state)
{
	enum { SIZE = 20 * 1000 * 1000, PIECE = 100000 };
	CLEANUP_FREE uint8_t *old = malloc(SIZE);
	CLEANUP_FREE uint8_t *result = malloc(3 * PIECE);
	const DiffExtent whole = {0, 3 * PIECE, 1};

	(void)state;
	assert_true(old && result);
	random_state = 11;
	fill(old, SIZE);
	const DiffSource sources[] = {{"unlike", {old, PIECE}}, {"large", {old + PIECE, SIZE - PIECE}}};

	memcpy(result, old + SIZE - PIECE, PIECE);
	memcpy(result + PIECE, old + SIZE - 3 * PIECE, PIECE);
	memcpy(result + 2 * PIECE, old + SIZE - 2 * PIECE, PIECE);
	assert_true(round_trip(sources, 2, (Bytes){result, 3 * PIECE}, NULL, 0) < 400);
	assert_true(round_trip(sources, 2, (Bytes){result, 3 * PIECE}, &whole, 1) < 400);
}

static void diff_at(uint8_t *old, size_t old_size, uint8_t *new_bytes, size_t new_size, Buffer *ret)
{
	const DiffSource source = {".", {old, old_size}};
	const DiffExtent extent = {0, new_size, 0};
	Error error = ERROR_INIT;

	assert_done(diff_all(&source, 1, (Bytes){new_bytes, new_size}, &extent, 1, ret, &error), &error);
}

/* Also when the old file happens to be mapped right before the new one, and when it is not. */
static void the_same_input_gives_the_same_delta(void **state)
{
	enum { SIZE = 256 * 1024 };
	CLEANUP_FREE uint8_t *together = malloc(2 * SIZE);
	CLEANUP_FREE uint8_t *apart = malloc(SIZE + 4096);
	CLEANUP_BUFFER Buffer first = BUFFER_INIT;
	CLEANUP_BUFFER Buffer second = BUFFER_INIT;
	CLEANUP_BUFFER Buffer third = BUFFER_INIT;

	(void)state;
	assert_true(together && apart);
	random_state = 9;
	fill(together, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		together[SIZE + i] = i % 977 < 800 ? together[i ^ 0x1000] : (uint8_t)next_random();
	memcpy(apart + 4096, together + SIZE, SIZE);
	diff_at(together, SIZE, together + SIZE, SIZE, &first);
	diff_at(together, SIZE, together + SIZE, SIZE, &second);
	diff_at(together, SIZE, apart + 4096, SIZE, &third);
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&third)));
}

static void noise_costs_hardly_more_than_itself(void **state)
{
	enum { SIZE = 100000 };
	CLEANUP_FREE uint8_t *noise = malloc(2 * SIZE);

	(void)state;
	assert_non_null(noise);
	random_state = 2;
	fill(noise, 2 * SIZE);
	assert_true(round_trip_files((Bytes){noise, SIZE}, (Bytes){noise + SIZE, SIZE}) < SIZE + 100);
}

static void expect_extents_refused(const DiffExtent *extents, size_t n, const char *sentence)
{
	static const uint8_t bytes[100];
	const DiffSource source = {".", {bytes, sizeof(bytes)}};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_fails(diff_all(&source, 1, (Bytes){bytes, sizeof(bytes)}, extents, n, &delta, &error), &error,
		sentence);
	assert_int_equal(delta.size, 0);
}

static void refuses_extents_that_make_no_sense(void **state)
{
	static const DiffExtent overlap[] = {{0, 50, 0}, {49, 10, 0}};
	static const DiffExtent beyond[] = {{90, 11, 0}};
	static const DiffExtent wraps[] = {{1, UINT64_MAX, 0}};
	static const DiffExtent nobody[] = {{0, 10, 1}};

	(void)state;
	expect_extents_refused(overlap, 2, "overlap");
	expect_extents_refused(beyond, 1, "pass its end");
	expect_extents_refused(wraps, 1, "pass its end");
	expect_extents_refused(nobody, 1, "not there");
}

static void refuses_a_delta_made_for_another_base(void **state)
{
	static const char old[] = "the base that the delta was made for, long enough to be of use to it";
	static const char other[] = "the base that the delta was made for, long enough to be of use to me";
	const DiffSource source = {".", bytes_of_text(old)};
	const DiffSource wrong = {".", bytes_of_text(other)};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	diff_at((uint8_t *)(uintptr_t)old, sizeof(old) - 1, (uint8_t *)(uintptr_t)old, sizeof(old) - 1,
		&delta);
	assert_done(apply_delta(buffer_bytes(&delta), &source, 1, &out, &error), &error);
	assert_fails(apply_delta(buffer_bytes(&delta), &wrong, 1, &out, &error), &error,
		"not the file this delta");
}

/* Every byte of the body is for something, and every byte of the result is copied or new. */
static void what_is_made_is_explained(void **state)
{
	enum { SIZE = 50000, NEW = 3000 };
	CLEANUP_FREE uint8_t *old = malloc(SIZE);
	CLEANUP_FREE uint8_t *result = malloc(SIZE + NEW);
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	const Bytes source = {old, SIZE};
	DeltaAccount account;
	double bytes = 0;
	Error error = ERROR_INIT;

	(void)state;
	assert_true(old && result);
	random_state = 13;
	fill(old, SIZE);
	memcpy(result, old, SIZE);
	fill(result + SIZE, NEW);
	result[777] ^= 1;
	diff_at(old, SIZE, result, SIZE + NEW, &delta);
	assert_done(delta_header_parse(buffer_bytes(&delta), &header, &error), &error);
	assert_done(delta_explain(buffer_bytes(&delta), &header, &source, &account, &error), &error);
	assert_int_equal(account.copied + account.new, SIZE + NEW);
	assert_true(account.new >= NEW &&account.new < NEW + 100);
	assert_true(account.blocks >= 1);
	assert_int_equal(account.elf_files, 0);
	for (uint32_t i = 0; i < account.n_costs; i++) {
		assert_true(account.costs[i].bytes >= 0);
		bytes += account.costs[i].bytes;
	}
	assert_true(bytes > (double)header.body_size - 10 && bytes < (double)header.body_size + 10);

	/* Of another old file it says nothing. */
	old[0] ^= 1;
	assert_fails(delta_explain(buffer_bytes(&delta), &header, &source, &account, &error), &error,
		"not the file this delta");
}

static void what_is_damaged_is_not_explained(void **state)
{
	static const char old[] = "something old that comes back, and something else";
	static const char new_text[] = "something new; something old that comes back, and";
	const Bytes source = bytes_of_text(old);
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	DeltaAccount account;
	Error error = ERROR_INIT;

	(void)state;
	diff_at((uint8_t *)(uintptr_t)old, sizeof(old) - 1, (uint8_t *)(uintptr_t)new_text,
		sizeof(new_text) - 1, &delta);
	assert_done(delta_header_parse(buffer_bytes(&delta), &header, &error), &error);
	memset(delta.data + header.size, 0xff, 4);
	assert_int_equal(delta_explain(buffer_bytes(&delta), &header, &source, &account, &error), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rebuilds_files_with_random_edits),
		cmocka_unit_test(rebuilds_the_empty_file_and_from_it),
		cmocka_unit_test(an_unchanged_file_costs_next_to_nothing),
		cmocka_unit_test(zeros_cost_next_to_nothing),
		cmocka_unit_test(rebuilds_large_files),
		cmocka_unit_test(rebuilds_an_image_from_several_files),
		cmocka_unit_test(finds_moved_content_in_renamed_and_in_large_files),
		cmocka_unit_test(the_same_input_gives_the_same_delta),
		cmocka_unit_test(noise_costs_hardly_more_than_itself),
		cmocka_unit_test(refuses_extents_that_make_no_sense),
		cmocka_unit_test(refuses_a_delta_made_for_another_base),
		cmocka_unit_test(what_is_made_is_explained),
		cmocka_unit_test(what_is_damaged_is_not_explained),
	};

	return cmocka_run_group_tests_name("round-trip", tests, NULL, NULL);
}
