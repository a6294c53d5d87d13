/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "parts/delta/body/body.h"
#include "parts/delta/body/novel.h"
#include "parts/delta/body/range-end.h"
#include "parts/delta/decode/apply.h"

/* Just enough of a writer: what reads may not link the encoder. */
typedef struct Writer {
	Coder coder;
	Buffer out, packed;
	uint32_t low, high;
} Writer;

static unsigned write_bit(Coder *coder, unsigned one, unsigned bit)
{
	Writer *writer = (Writer *)coder;
	uint32_t middle = writer->low + (uint32_t)((uint64_t)(writer->high - writer->low) * one >> 16);

	if (bit)
		writer->high = middle;
	else
		writer->low = middle + 1;
	while ((writer->low ^ writer->high) >> 24 == 0) {
		uint8_t byte = (uint8_t)(writer->high >> 24);

		assert_int_equal(buffer_append(&writer->out, &byte, 1, NULL), 0);
		writer->low <<= 8;
		writer->high = writer->high << 8 | 255;
	}
	return bit;
}

static void finish(Writer *writer)
{
	uint32_t value;
	unsigned n = range_end(writer->low, writer->high, &value);

	for (unsigned i = 0; i < n; i++) {
		uint8_t byte = (uint8_t)(value >> (24 - 8 * i));

		assert_int_equal(buffer_append(&writer->out, &byte, 1, NULL), 0);
	}
}

/* Packs what has an exclamation mark in it. */
static bool is_to_be_packed(void *packer, Bytes bytes)
{
	(void)packer;
	return memchr(bytes.data, '!', bytes.size) != NULL;
}

static int pack(void *packer, Bytes bytes, uint64_t *ret_packed_size, Error *error)
{
	Writer *writer = packer;
	size_t bound = ZSTD_compressBound(bytes.size), n;

	assert_int_equal(buffer_reserve(&writer->packed, bound, error), 0);
	n = ZSTD_compress(writer->packed.data + writer->packed.size, bound, bytes.data, bytes.size, 3);
	assert_false(ZSTD_isError(n));
	writer->packed.size += n;
	*ret_packed_size = n;
	return 0;
}

static char old_name[] = "usr/lib/old";
static const char old_text[] = "The quick brown fox jumps over the lazy dog, and the dog sleeps on.";
#define OLD ((Bytes){(const uint8_t *)old_text, sizeof(old_text) - 1})

/* A delta from one source that says it makes promised, and makes result with these blocks. */
static void make_delta(Bytes old, Bytes promised, Bytes result, const Block *blocks, uint32_t n, Buffer *ret)
{
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	Writer writer = {.coder = {.code = write_bit}, .high = UINT32_MAX};
	CLEANUP_BUFFER Buffer body = BUFFER_INIT;
	DeltaSource source = {.name = old_name, .size = old.size};
	DeltaHeader header = {.method = DELTA_METHOD_BODY,
		.sources = &source,
		.n_sources = 1,
		.result_size = promised.size};
	const BodySettings settings = {.line_bits = NOVEL_LINE_BITS_MIN, .teach_gap = 64};
	const BodyWriting writing = {
		.result = result.data, .is_to_be_packed = is_to_be_packed, .pack = pack, .packer = &writer};
	Error error = ERROR_INIT;

	assert_done(hash_bytes(old, &source.digest, &error), &error);
	assert_done(hash_bytes(promised, &header.result_digest, &error), &error);
	assert_done(layout_begin(&layout, &old, 1, result.size, &error), &error);
	layout.blocks = calloc(n + 1, sizeof(*blocks));
	assert_non_null(layout.blocks);
	if (n > 0)
		memcpy(layout.blocks, blocks, n * sizeof(*blocks));
	layout.n_blocks = n;
	assert_done(layout_code(&layout, &writer.coder, true, &error), &error);
	assert_done(body_write(&layout, &writer.coder, &settings, &writing, &error), &error);
	finish(&writer);
	assert_done(delta_body_write(buffer_bytes(&writer.out), buffer_bytes(&writer.packed), &body, &error),
		&error);
	buffer_clear(&writer.out);
	buffer_clear(&writer.packed);
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

enum { ZEROS = 1000, NOISE = 2000, SAMPLE = 5 + 15 + ZEROS + 20 + NOISE };

/* New text, a copy with corrections, zeros, a copy without change, packed bytes. */
static void make_sample(Bytes *ret_result, Buffer *ret)
{
	static uint8_t result[SAMPLE];
	static const Block blocks[] = {
		{.at = 5, .length = 15, .old = 4},
		{.at = 20 + ZEROS, .length = 20, .old = 16, .same = true},
	};

	memcpy(result, "new: quick drawn fix", 20);
	memset(result + 20, 0, ZEROS);
	memcpy(result + 20 + ZEROS, old_text + 16, 20);
	for (size_t i = 0; i < NOISE; i++)
		result[SAMPLE - NOISE + i] = (uint8_t)(i % 7 == 0 ? '!' : 1 + i * i % 255);
	*ret_result = (Bytes){result, SAMPLE};
	make_delta(OLD, *ret_result, *ret_result, blocks, ARRAY_SIZE(blocks), ret);
}

static void makes_new_bytes_from_every_kind_of_part(void **state)
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
	static const uint8_t nothing[1];
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	make_delta(OLD, (Bytes){nothing, 0}, (Bytes){nothing, 0}, NULL, 0, &delta);
	assert_done(apply_to(buffer_bytes(&delta), OLD, &out, &error), &error);
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

/* Wherever it is cut, it says so in one sentence that speaks of the delta. */
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

/* The body's length is made to fit, so that the cut is the body's own to find. */
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
			&error, "delta");
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
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	make_delta(OLD, bytes_of_text("abcd"), bytes_of_text("abce"), NULL, 0, &delta);
	assert_fails(apply_to(buffer_bytes(&delta), OLD, &out, &error), &error, "digest it promises");
}

static void refuses_bytes_behind_the_end(void **state)
{
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Error error = ERROR_INIT;
	Bytes old = OLD, result;

	(void)state;
	make_sample(&result, &delta);
	assert_fails(apply_to((Bytes){delta.data, delta.size + 1}, OLD, &out, &error), &error,
		"behind its header");
	/* More packed bytes than anything asks for. */
	assert_done(delta_header_parse(buffer_bytes(&delta), &header, &error), &error);
	delta.data[header.size]++;
	assert_fails(
		delta_apply(buffer_bytes(&delta), &header, &old, gather, &out, &error), &error, "damaged");
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

/* Everything that takes memory at once: the most blocks there may be, new bytes through the models with the
 * largest table, and packed ones. The kernel is the judge. */
static void apply_the_worst(void)
{
	enum { STEP = 8, LARGE = LAYOUT_BLOCKS_MAX * STEP + 2 * BODY_PACKED_MAX };
	CLEANUP_FREE uint8_t *result = malloc(LARGE);
	CLEANUP_FREE Block *blocks = calloc(LAYOUT_BLOCKS_MAX, sizeof(*blocks));
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	uint32_t random = 1;
	int status = 0;
	pid_t child;

	assert_true(result && blocks);
	for (size_t i = 0; i < LARGE; i++)
		result[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 25 | 1);
	for (uint32_t i = 0; i < LAYOUT_BLOCKS_MAX; i++) {
		blocks[i] = (Block){.at = i * STEP, .length = STEP - 1, .old = i % 50, .same = true};
		memcpy(result + i * STEP, old_text + i % 50, STEP - 1);
	}
	result[LARGE - 1] = '!';
	make_delta(OLD, (Bytes){result, LARGE}, (Bytes){result, LARGE}, blocks, LAYOUT_BLOCKS_MAX, &delta);
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

/* What the test above does not have at the same time: long headers, many ELF files, their pointers and
 * tables. */
static void leaves_room_for_what_is_bounded_by_itself(void **state)
{
	enum { MALLOC = 32 }; /* bytes that each allocation may take beside */
	const size_t header =
		DELTA_HEADER_MAX + DELTA_SOURCES_MAX * (sizeof(DeltaSource) + sizeof(Bytes) + MALLOC);
	const size_t elves = LAYOUT_ELVES_MAX * (sizeof(OldElf) + sizeof(NewElf) + 3 * MALLOC) +
			     LAYOUT_REGIONS_MAX * sizeof(ElfRegion);
	const size_t model = ELF_POINTERS_MAX * sizeof(uint32_t) + ELF_TABLES_MAX;
	const size_t blocks = LAYOUT_BLOCKS_MAX * (sizeof(Block) + 3 * sizeof(uint32_t));
	CLEANUP(novel_free) Novel *novel = NULL;

	(void)state;
	assert_int_equal(novel_new(NOVEL_LINE_BITS_MAX, &novel, NULL), 0);
	assert_true(header + elves + model + blocks + novel_memory(novel) + BODY_WINDOW + BODY_PACKED_MAX +
			    2 * 1024 * 1024 <
		    DELTA_APPLY_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_new_bytes_from_every_kind_of_part),
		cmocka_unit_test(makes_the_empty_file),
		cmocka_unit_test(refuses_another_base_before_the_first_byte),
		cmocka_unit_test(refuses_a_delta_cut_at_any_byte),
		cmocka_unit_test(refuses_a_body_cut_at_any_byte),
		cmocka_unit_test(never_passes_off_wrong_bytes_as_the_result),
		cmocka_unit_test(refuses_a_result_other_than_promised),
		cmocka_unit_test(refuses_bytes_behind_the_end),
		cmocka_unit_test(stops_when_the_sink_stops),
		cmocka_unit_test(keeps_within_its_memory),
		cmocka_unit_test(leaves_room_for_what_is_bounded_by_itself),
	};

	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
