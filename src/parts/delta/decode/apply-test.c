/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "parts/delta/decode/apply.h"
#include "parts/delta/decode/unpack.h"
#include "parts/delta/format/segment.h"

static char old_name[] = "usr/lib/old";
static const char old_text[] = "The quick brown fox jumps over the lazy dog, and the dog sleeps on.";
#define OLD ((Bytes){(const uint8_t *)old_text, sizeof(old_text) - 1})

/* A delta from one source that promises result, with the segments as its body. */
static void make_delta(Bytes old, Bytes result, const Segment *segments, size_t n, Buffer *ret)
{
	CLEANUP_BUFFER Buffer body = BUFFER_INIT;
	DeltaSource source = {.name = old_name, .size = old.size};
	DeltaHeader header = {
		.method = DELTA_METHOD_SEGMENTS,
		.sources = &source,
		.n_sources = 1,
		.result_size = result.size,
	};
	Error error = ERROR_INIT;

	assert_done(hash_bytes(old, &source.digest, &error), &error);
	assert_done(hash_bytes(result, &header.result_digest, &error), &error);
	for (size_t i = 0; i < n; i++)
		assert_done(segment_write(&segments[i], &body, &error), &error);
	header.body_size = body.size;
	assert_done(delta_header_write(&header, ret, &error), &error);
	assert_done(buffer_append(ret, body.data, body.size, &error), &error);
}

static int gather(void *userdata, Bytes next, Error *error)
{
	return buffer_append(userdata, next.data, next.size, error);
}

static int apply_to(Bytes delta, Bytes old, Buffer *out, Error *error)
{
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};

	if (delta_header_parse(delta, &header, error) < 0)
		return -1;
	return delta_apply(delta, &header, &old, gather, out, error);
}

/* A frame of text, with prefix. */
static Bytes make_frame(Bytes text, Bytes prefix, uint8_t *to, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t n;

	assert_non_null(context);
	assert_false(ZSTD_isError(ZSTD_CCtx_refPrefix(context, prefix.data, prefix.size)));
	n = ZSTD_compress2(context, to, room, text.data, text.size);
	assert_false(ZSTD_isError(n));
	(void)ZSTD_freeCCtx(context);
	return (Bytes){to, n};
}

/* One of each kind: "new: ", four zeros, "quick brown fox", two frames. */
static void make_sample(Bytes *ret_result, Buffer *ret)
{
	static const char result[] = "new: \0\0\0\0quick brown foxthe frame without prefix"
				     "The lazy dog jumps over the quick brown fox";
	static uint8_t frames[2][256];
	Bytes plain = bytes_of_text("the frame without prefix");
	Bytes prefixed = bytes_of_text("The lazy dog jumps over the quick brown fox");
	const Segment segments[] = {
		{.kind = SEGMENT_STORED, .length = 5, .payload = bytes_of_text("new: ")},
		{.kind = SEGMENT_ZEROS, .length = 4},
		{.kind = SEGMENT_COPY, .length = 15, .offset = 4},
		{.kind = SEGMENT_PACKED,
			.length = plain.size,
			.payload = make_frame(plain, (Bytes){NULL, 0}, frames[0], sizeof(frames[0]))},
		{.kind = SEGMENT_PREFIXED,
			.length = prefixed.size,
			.window = OLD.size,
			.payload = make_frame(prefixed, OLD, frames[1], sizeof(frames[1]))},
	};

	*ret_result = (Bytes){(const uint8_t *)result, sizeof(result) - 1};
	make_delta(OLD, *ret_result, segments, ARRAY_SIZE(segments), ret);
}

static void makes_the_new_bytes_from_every_kind_of_segment(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;
	Bytes result;

	(void)state;
	make_sample(&result, &delta);
	assert_done(apply_to(buffer_bytes(&delta), OLD, &out, &error), &error);
	assert_true(bytes_equal(buffer_bytes(&out), result));
}

static void makes_the_empty_file(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	make_delta((Bytes){NULL, 0}, (Bytes){NULL, 0}, NULL, 0, &delta);
	assert_done(apply_to(buffer_bytes(&delta), (Bytes){NULL, 0}, &out, &error), &error);
	assert_int_equal(out.size, 0);
}

static void refuses_another_base_before_the_first_byte(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;
	char other[sizeof(old_text)];
	Bytes result;

	(void)state;
	make_sample(&result, &delta);
	memcpy(other, old_text, sizeof(other));
	other[60] ^= 1;
	assert_fails(apply_to(buffer_bytes(&delta), bytes_of_text(other), &out, &error), &error,
		"\"usr/lib/old\" is not the file this delta was made for");
	assert_fails(apply_to(buffer_bytes(&delta), (Bytes){OLD.data, OLD.size - 1}, &out, &error), &error,
		"is not the file this delta was made for");
	assert_int_equal(out.size, 0);
}

static void refuses_a_delta_cut_at_any_byte(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;
	Bytes result;

	(void)state;
	make_sample(&result, &delta);
	for (size_t size = 0; size < delta.size; size++)
		assert_fails(apply_to((Bytes){delta.data, size}, OLD, &out, &error), &error, "delta");
}

/* The body's length is made to fit, so that the cut is the segments' to find. */
static void refuses_a_body_cut_at_any_byte(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Error error = ERROR_INIT;
	Bytes old = OLD;
	Bytes result;

	(void)state;
	make_sample(&result, &delta);
	assert_done(delta_header_parse(buffer_bytes(&delta), &header, &error), &error);
	for (uint64_t size = 0, whole = header.body_size; size < whole; size++) {
		CLEANUP_BUFFER Buffer out = BUFFER_INIT;

		header.body_size = size;
		assert_fails(delta_apply((Bytes){delta.data, header.size + size}, &header, &old, gather, &out,
				     &error),
			&error, "damaged");
	}
}

static void never_passes_off_wrong_bytes_as_the_result(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	Bytes result;

	(void)state;
	make_sample(&result, &delta);
	for (size_t i = 0; i < 2 * delta.size; i++) {
		const uint8_t change = (uint8_t)(i % 2 ? 0xff : 1u << i / 2 % 8);
		CLEANUP_BUFFER Buffer out = BUFFER_INIT;

		delta.data[i / 2] ^= change;
		if (apply_to(buffer_bytes(&delta), OLD, &out, NULL) == 0)
			assert_true(bytes_equal(buffer_bytes(&out), result));
		delta.data[i / 2] ^= change;
	}
}

static void refuses_a_result_other_than_promised(void **state)
{
	const Segment segment = {.kind = SEGMENT_ZEROS, .length = 4};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	make_delta(OLD, bytes_of_text("abcd"), &segment, 1, &delta);
	assert_fails(apply_to(buffer_bytes(&delta), OLD, &out, &error), &error, "digest it promises");
}

static void refuses_more_segments_than_the_result_has_room_for(void **state)
{
	const Segment segments[] = {
		{.kind = SEGMENT_STORED, .length = 4, .payload = bytes_of_text("abcd")},
		{.kind = SEGMENT_ZEROS, .length = 1},
	};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	make_delta(OLD, bytes_of_text("abcd"), segments, 2, &delta);
	assert_fails(apply_to(buffer_bytes(&delta), OLD, &out, &error), &error, "behind its last segment");
}

static void expect_frame_refused(Bytes frame, size_t length)
{
	static const uint8_t result[64];
	const Segment segment = {.kind = SEGMENT_PACKED, .length = length, .payload = frame};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	make_delta(OLD, (Bytes){result, length}, &segment, 1, &delta);
	assert_fails(apply_to(buffer_bytes(&delta), OLD, &out, &error), &error, "segment");
	assert_int_equal(out.size, 0);
}

static void takes_one_whole_frame_and_nothing_else(void **state)
{
	static const uint8_t zeros[32];
	static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
	static const uint8_t ancient[] = {0x27, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0, 0, 0};
	uint8_t two[512];
	Bytes frame = make_frame((Bytes){zeros, sizeof(zeros)}, (Bytes){NULL, 0}, two, sizeof(two));

	(void)state;
	expect_frame_refused(frame, sizeof(zeros) - 1);
	expect_frame_refused(frame, sizeof(zeros) + 1);
	expect_frame_refused((Bytes){frame.data, frame.size - 1}, sizeof(zeros));
	memcpy(two + frame.size, frame.data, frame.size);
	expect_frame_refused((Bytes){two, 2 * frame.size}, 2 * sizeof(zeros));
	memcpy(two + frame.size, skippable, sizeof(skippable));
	expect_frame_refused((Bytes){two, frame.size + sizeof(skippable)}, sizeof(zeros));
	expect_frame_refused((Bytes){ancient, sizeof(ancient)}, sizeof(zeros));
	expect_frame_refused((Bytes){NULL, 0}, sizeof(zeros));
}

static int refuse_all(void *userdata, Bytes next, Error *error)
{
	(void)userdata;
	(void)next;
	return error_set(error, "the disk is full");
}

static void stops_when_the_sink_stops(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Error error = ERROR_INIT;
	Bytes old = OLD;
	Bytes result;

	(void)state;
	make_sample(&result, &delta);
	assert_done(delta_header_parse(buffer_bytes(&delta), &header, &error), &error);
	assert_fails(delta_apply(buffer_bytes(&delta), &header, &old, refuse_all, NULL, &error), &error,
		"the disk is full");
}

static int drop(void *userdata, Bytes next, Error *error)
{
	(void)userdata;
	(void)next;
	(void)error;
	return 0;
}

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_IS_COUNTED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define MEMORY_IS_COUNTED 0
#endif
#endif
#ifndef MEMORY_IS_COUNTED
#define MEMORY_IS_COUNTED 1
#endif

/* Bytes of private writable memory that this process has: what RLIMIT_DATA counts. */
static size_t data_size(void)
{
	CLEANUP(fclose) FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	size_t kib = 0;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmData: %zu kB", &kib) == 1)
			break;
	return 1024 * kib;
}

/* A full segment of noise with the largest window there is room for: the most that a delta can make the
 * decoder hold. The kernel is the judge. */
static void apply_the_worst(void)
{
	enum { LARGE = SEGMENT_PACKED_MAX };
	CLEANUP_FREE uint8_t *result = malloc(LARGE);
	CLEANUP_FREE uint8_t *frame = malloc(ZSTD_compressBound(LARGE));
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	Segment segment = {.kind = SEGMENT_PREFIXED, .length = LARGE, .window = OLD.size};
	uint32_t random = 1;
	int status = 0;
	pid_t child;

	assert_true(result && frame);
	for (size_t i = 0; i < LARGE; i++)
		result[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 30);
	segment.payload = make_frame((Bytes){result, LARGE}, OLD, frame, ZSTD_compressBound(LARGE));
	make_delta(OLD, (Bytes){result, LARGE}, &segment, 1, &delta);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		size_t most = data_size() + DELTA_APPLY_MEMORY;
		const struct rlimit limit = {most, most};
		CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
		Bytes old = OLD;

		if (setrlimit(RLIMIT_DATA, &limit) < 0)
			_exit(77);
		_exit(delta_header_parse(buffer_bytes(&delta), &header, NULL) < 0 ||
					delta_apply(buffer_bytes(&delta), &header, &old, drop, NULL, NULL) < 0
				? 1
				: 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void keeps_within_its_memory(void **state)
{
	(void)state;
	if (!MEMORY_IS_COUNTED || data_size() == 0)
		skip();
	apply_the_worst();
}

/* The rest of the bound is the parsed header's: names of at most DELTA_HEADER_MAX bytes and the table. */
static void unpacks_in_less_than_eight_mebibytes(void **state)
{
	CLEANUP(unpack_free) Unpack *unpack = NULL;
	Error error = ERROR_INIT;
	uint8_t frame[256];
	Bytes packed = make_frame(OLD, (Bytes){NULL, 0}, frame, sizeof(frame));
	Bytes out;

	(void)state;
	assert_done(unpack_new(&unpack, &error), &error);
	assert_done(unpack_segment(unpack, packed, OLD, OLD.size, &out, &error), &error);
	assert_true(unpack_memory(unpack) < 8u * 1024 * 1024);
	assert_true(
		unpack_memory(unpack) + DELTA_HEADER_MAX + DELTA_SOURCES_MAX * (sizeof(DeltaSource) + 32) <
		DELTA_APPLY_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_the_new_bytes_from_every_kind_of_segment),
		cmocka_unit_test(makes_the_empty_file),
		cmocka_unit_test(refuses_another_base_before_the_first_byte),
		cmocka_unit_test(refuses_a_delta_cut_at_any_byte),
		cmocka_unit_test(refuses_a_body_cut_at_any_byte),
		cmocka_unit_test(never_passes_off_wrong_bytes_as_the_result),
		cmocka_unit_test(refuses_a_result_other_than_promised),
		cmocka_unit_test(refuses_more_segments_than_the_result_has_room_for),
		cmocka_unit_test(takes_one_whole_frame_and_nothing_else),
		cmocka_unit_test(stops_when_the_sink_stops),
		cmocka_unit_test(keeps_within_its_memory),
		cmocka_unit_test(unpacks_in_less_than_eight_mebibytes),
	};

	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
