/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/range-encoder.h"

#include "base/test.h"

static size_t encode(unsigned one, unsigned every, size_t n)
{
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	RangeEncoder encoder;

	range_encoder_init(&encoder, &out);
	for (size_t i = 0; i < n; i++) {
		unsigned bit = i % every == 0;

		assert_int_equal(coder_bit(&encoder.coder, one, bit), bit);
	}
	assert_int_equal(range_encoder_finish(&encoder, NULL), 0);
	return out.size;
}

static void writes_nothing_without_bits(void **state)
{
	(void)state;
	assert_int_equal(encode(32768, 1, 0), 0);
}

static void takes_a_bit_for_a_bit_that_nobody_knows(void **state)
{
	size_t size = encode(32768, 2, 80000);

	(void)state;
	assert_in_range(size, 9990, 10010);
}

static void takes_next_to_nothing_for_what_is_expected(void **state)
{
	(void)state;
	assert_true(encode(65520, 1, 80000) < 50);
	assert_true(encode(16, 1000000, 80000) < 50);
}

static void takes_more_for_what_is_not(void **state)
{
	(void)state;
	assert_true(encode(16, 1, 8000) > 11000);
}

/* What is likely comes, mostly, and with every likelihood there is. */
static void gives_a_reader_the_same_bits(void **state)
{
	enum { BITS = 200000 };
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	RangeEncoder encoder;
	Coder reader;

	(void)state;
	range_encoder_init(&encoder, &out);
	for (unsigned turn = 0; turn < 2; turn++) {
		uint32_t random = 1;

		for (unsigned i = 0; i < BITS; i++) {
			unsigned one, bit;

			random = random * 1664525u + 1013904223u;
			one = 1 + (random >> 8) % 65535;
			bit = (random >> 4) * 2654435761u >> 16 < one;
			if (turn == 0)
				(void)coder_bit(&encoder.coder, one, bit);
			else
				assert_int_equal(coder_bit(&reader, one, 0), bit);
		}
		if (turn == 0)
			assert_int_equal(range_encoder_finish(&encoder, NULL), 0);
		coder_read_from(&reader, buffer_bytes(&out));
	}
}

static void ends_as_a_reader_expects(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 200; n++) {
		CLEANUP_BUFFER Buffer out = BUFFER_INIT;
		RangeEncoder encoder;
		Coder reader;

		range_encoder_init(&encoder, &out);
		for (unsigned i = 0; i < n; i++)
			(void)coder_bit(&encoder.coder, 300 * (i + 1), i * n % 3 == 0);
		assert_int_equal(range_encoder_finish(&encoder, NULL), 0);
		coder_read_from(&reader, buffer_bytes(&out));
		for (unsigned i = 0; i < n; i++)
			(void)coder_bit(&reader, 300 * (i + 1), 0);
		assert_true(coder_is_at_end(&reader));
		/* One byte more or less is another delta. */
		assert_int_equal(buffer_append(&out, "", 1, NULL), 0);
		coder_read_from(&reader, buffer_bytes(&out));
		for (unsigned i = 0; i < n; i++)
			(void)coder_bit(&reader, 300 * (i + 1), 0);
		assert_false(coder_is_at_end(&reader));
	}
}

static void appends_to_what_is_there(void **state)
{
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	RangeEncoder encoder;

	(void)state;
	assert_int_equal(buffer_append(&out, "x", 1, NULL), 0);
	range_encoder_init(&encoder, &out);
	for (unsigned i = 0; i < 8; i++)
		(void)coder_bit(&encoder.coder, 32768, i % 3 == 0);
	assert_int_equal(range_encoder_finish(&encoder, NULL), 0);
	assert_true(out.size >= 2);
	assert_int_equal(out.data[0], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_nothing_without_bits),
		cmocka_unit_test(takes_a_bit_for_a_bit_that_nobody_knows),
		cmocka_unit_test(takes_next_to_nothing_for_what_is_expected),
		cmocka_unit_test(takes_more_for_what_is_not),
		cmocka_unit_test(gives_a_reader_the_same_bits),
		cmocka_unit_test(ends_as_a_reader_expects),
		cmocka_unit_test(appends_to_what_is_there),
	};

	return cmocka_run_group_tests_name("range-encoder", tests, NULL, NULL);
}
