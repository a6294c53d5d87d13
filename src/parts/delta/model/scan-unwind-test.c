/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/sample.h"

enum { FRAMES = SAMPLE_STEP, INDEX = 2 * SAMPLE_STEP, FDE = FRAMES + 0x20, SECOND = FDE + 0x18 };

/* A CIE with a personality, whose FDEs have an LSDA, and two of these; then an end. */
static const uint8_t frames[0x60] = {
	0x1c,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	1,
	'z',
	'P',
	'L',
	'R',
	0,
	1,
	0x78,
	0x10,
	7,
	0x9b,
	0,
	1,
	0,
	0,
	0x1b,
	0x1b,
	[0x20] = 0x14,
	0,
	0,
	0,
	0x24,
	0,
	0,
	0,
	0,
	0xf0,
	0xff,
	0xff,
	0x30,
	0,
	0,
	0,
	4,
	0,
	2,
	0,
	0,
	[0x38] = 0x14,
	0,
	0,
	0,
	0x3c,
	0,
	0,
	0,
	0,
	0xf1,
	0xff,
	0xff,
	0x31,
	0,
	0,
	0,
	4,
	0,
	0,
	0,
	0,
};

static Sample with_frames(const uint8_t *bytes, size_t size)
{
	/* Encodings, .eh_frame, how many, and a function and its FDE. */
	static const uint8_t index[20] = {1, 0x1b, 3, 0x3b, 0xfc, 0xef, 0xff, 0xff, 1, 0, 0, 0, 0, 0xe0, 0xff,
		0xff, 0x20, 0xf0, 0xff, 0xff};
	const SampleSection sections[] = {
		{".eh_frame", SHT_PROGBITS, SHF_ALLOC, bytes, size, 0, 0},
		{".eh_frame_hdr", SHT_PROGBITS, SHF_ALLOC, index, sizeof(index), 0, 0},
	};

	return sample_new(ET_DYN, EM_X86_64, sections, 2);
}

static void assert_fde(const Sample *sample, size_t *i, uint32_t at, int32_t begin, uint32_t size)
{
	uint64_t function = sample_address(at + 8) + (uint64_t)(int64_t)begin;

	assert_next(sample, i, at + 4, 4, REFERENCE_UNWIND, ORIGIN_BEHIND, sample_address(FRAMES));
	assert_next(sample, i, at + 8, 4, REFERENCE_UNWIND, ORIGIN_PLACE, function);
	assert_next(sample, i, at + 12, 4, REFERENCE_UNWIND_SIZE, ORIGIN_SPAN, function + size);
	assert_int_equal(sample->found[*i - 1].origin, function);
}

static void finds_what_entries_point_at(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_frames(frames, sizeof(frames));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, FRAMES, FRAMES + sizeof(frames), 0);
	/* the personality */
	assert_next(&sample, &i, FRAMES + 0x13, 4, REFERENCE_UNWIND, ORIGIN_PLACE,
		sample_address(FRAMES + 0x13) + 0x100);
	assert_fde(&sample, &i, FDE, -0x1000, 0x30);
	assert_next(
		&sample, &i, FDE + 17, 4, REFERENCE_UNWIND, ORIGIN_PLACE, sample_address(FDE + 17) + 0x200);
	assert_fde(&sample, &i, SECOND, -0xf00, 0x31); /* without an LSDA */
	assert_no_more(&sample, i);
}

static void begins_and_ends_within_an_entry(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_frames(frames, sizeof(frames));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, FDE + 5, SECOND + 15, 0x13);
	assert_next(&sample, &i, SECOND + 4, 4, REFERENCE_UNWIND, ORIGIN_BEHIND, sample_address(FRAMES));
	assert_next(&sample, &i, SECOND + 8, 4, REFERENCE_UNWIND, ORIGIN_PLACE,
		sample_address(SECOND + 8) - 0xf00);
	assert_no_more(&sample, i);
}

static void stops_at_what_is_no_entry(void **state)
{
	static const uint32_t lengths[] = {0, 3, 0x80, UINT32_MAX};

	(void)state;
	for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
		CLEANUP_SAMPLE Sample sample = with_frames(frames, sizeof(frames));

		sample_put_u32(&sample, FDE, lengths[n]);
		sample_scan(&sample, FRAMES, FRAMES + sizeof(frames), 0);
		assert_int_equal(sample.n, 1);
	}
}

static void knows_nothing_of_an_fde_without_its_cie(void **state)
{
	/* Before the section, itself, an FDE. */
	static const uint32_t backs[] = {0x25, UINT32_MAX, 4, 0x3c - 0x20};

	(void)state;
	for (size_t n = 0; n < sizeof(backs) / sizeof(backs[0]); n++) {
		CLEANUP_SAMPLE Sample sample = with_frames(frames, sizeof(frames));

		sample_put_u32(&sample, SECOND + 4, backs[n]);
		sample_scan(&sample, SECOND, FRAMES + sizeof(frames), 0);
		assert_no_more(&sample, 0);
	}
}

static void knows_absolute_addresses(void **state)
{
	uint8_t absolute[0x40] = {
		0x10,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		1,
		'z',
		'R',
		0,
		1,
		0x78,
		0x10,
		1,
		0x00,
		[0x14] = 0x18,
		0,
		0,
		0,
		0x18,
		0,
		0,
		0,
		0,
		0x10,
		0x40,
		0,
		0,
		0,
		0,
		0,
		0x20,
	};
	CLEANUP_SAMPLE Sample sample = with_frames(absolute, sizeof(absolute));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, FRAMES, FRAMES + sizeof(absolute), 0);
	assert_next(&sample, &i, FRAMES + 0x18, 4, REFERENCE_UNWIND, ORIGIN_BEHIND, sample_address(FRAMES));
	assert_next(&sample, &i, FRAMES + 0x1c, 8, REFERENCE_UNWIND, ORIGIN_NOTHING, 0x401000);
	assert_next(&sample, &i, FRAMES + 0x24, 8, REFERENCE_UNWIND_SIZE, ORIGIN_SPAN, 0x401020);
	assert_no_more(&sample, i);
}

static void reads_no_cie_without_end(void **state)
{
	/* An augmentation, and then numbers, that fill the whole section. */
	for (int fill = 'z'; fill < 256; fill += 255 - 'z') {
		CLEANUP_SAMPLE Sample sample = with_frames(frames, sizeof(frames));

		memset(sample_at(&sample, FRAMES + 9), fill, sizeof(frames) - 9);
		sample_put_u32(&sample, FRAMES, sizeof(frames) - 4);
		sample_scan(&sample, FRAMES, FRAMES + sizeof(frames), 0);
		assert_no_more(&sample, 0);
	}
	(void)state;
}

/* Each of many FDEs may have a CIE of its own, as large as the section. */
static void reads_only_the_begin_of_a_long_cie(void **state)
{
	enum { LONG = 0x200, FDE_SIZE = 0x18 };
	uint8_t bytes[LONG + FDE_SIZE] = {0xfc, 1, 0, 0, 0, 0, 0, 0, 1, 'z', 'R'};
	uint8_t *fde = bytes + LONG;

	(void)state;
	for (unsigned letters = 200; letters <= 400; letters += 200) {
		CLEANUP_SAMPLE Sample sample = {.n = 0};

		memset(bytes + 11, 'S', letters);
		memcpy(bytes + 11 + letters, "\0\1\x78\x10\1\x1b", 7);
		memcpy(fde, (uint8_t[]){FDE_SIZE - 4, 0, 0, 0, 4, 2, 0, 0, 0, 1, 0, 0, 1}, 13);
		sample = with_frames(bytes, sizeof(bytes));
		sample_scan(&sample, FRAMES + LONG, FRAMES + sizeof(bytes), 0);
		assert_int_equal(sample.n, letters == 200 ? 3 : 0);
	}
}

static void begins_anew_in_another_section(void **state)
{
	static const SampleSection sections[] = {
		{".eh_frame", SHT_PROGBITS, SHF_ALLOC, NULL, 0x10, 0, 0},
		{".eh_frame", SHT_PROGBITS, SHF_ALLOC, frames, sizeof(frames), 0, 0},
	};
	CLEANUP_SAMPLE Sample sample = sample_new(ET_DYN, EM_X86_64, sections, 2);

	(void)state;
	/* Nothing in the first makes sense. */
	sample_scan(&sample, SAMPLE_STEP, 2 * SAMPLE_STEP + sizeof(frames), 0);
	assert_int_equal(sample.n, 8);
	assert_int_equal(sample.found[0].at, 2 * SAMPLE_STEP + 0x13);
}

static void finds_the_entries_of_the_index(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_frames(frames, sizeof(frames));
	uint64_t index = sample_address(INDEX);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, INDEX, INDEX + 20, 0);
	assert_next(&sample, &i, INDEX + 4, 4, REFERENCE_UNWIND, ORIGIN_PLACE, sample_address(FRAMES));
	assert_next(&sample, &i, INDEX + 12, 4, REFERENCE_UNWIND_INDEX, ORIGIN_ADDRESS, index - 0x2000);
	assert_int_equal(sample.found[1].origin, index);
	assert_next(&sample, &i, INDEX + 16, 4, REFERENCE_UNWIND_INDEX, ORIGIN_ADDRESS, sample_address(FDE));
	assert_no_more(&sample, i);
}

static void leaves_an_unusual_index_alone(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_frames(frames, sizeof(frames));

	(void)state;
	*sample_at(&sample, INDEX + 3) = 0x1b;
	sample_scan(&sample, INDEX, INDEX + 20, 0);
	assert_no_more(&sample, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_entries_point_at),
		cmocka_unit_test(begins_and_ends_within_an_entry),
		cmocka_unit_test(stops_at_what_is_no_entry),
		cmocka_unit_test(knows_nothing_of_an_fde_without_its_cie),
		cmocka_unit_test(knows_absolute_addresses),
		cmocka_unit_test(reads_no_cie_without_end),
		cmocka_unit_test(reads_only_the_begin_of_a_long_cie),
		cmocka_unit_test(begins_anew_in_another_section),
		cmocka_unit_test(finds_the_entries_of_the_index),
		cmocka_unit_test(leaves_an_unusual_index_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
