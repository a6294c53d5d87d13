/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/range-encoder.h"

#include "base/test.h"

/* That a reader gets the bits back is shown where both sides may be linked, in delta-tool's round-trip-test. */

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
		cmocka_unit_test(appends_to_what_is_there),
	};

	return cmocka_run_group_tests_name("range-encoder", tests, NULL, NULL);
}
