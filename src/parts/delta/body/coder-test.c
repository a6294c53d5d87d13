/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/coder.h"

#include "base/test.h"

/* With even chances a bit is a bit: one is the lower half. */
static void reads_even_bits_as_they_are(void **state)
{
	static const uint8_t bytes[] = {0xa5, 0x0f, 0x80};
	Coder coder;

	(void)state;
	coder_read_from(&coder, (Bytes){bytes, sizeof(bytes)});
	for (unsigned i = 0; i < 24; i++)
		assert_int_equal(coder_bit(&coder, 32768, 0), ~bytes[i / 8] >> (7 - i % 8) & 1);
}

static void reads_zeros_behind_the_end(void **state)
{
	Coder coder;

	(void)state;
	coder_read_from(&coder, (Bytes){NULL, 0});
	assert_true(coder_is_at_end(&coder));
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(coder_bit(&coder, 32768, 0), 1);
	assert_true(coder_is_at_end(&coder));
	/* What is decided by now would have been a byte. */
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(coder_bit(&coder, 1 + i * 65, 0), 1);
	assert_false(coder_is_at_end(&coder));
}

static void knows_whether_bytes_are_left_or_missing(void **state)
{
	/* Two zeros of even chances are 11 as they are written, and no byte less says so. */
	static const uint8_t bytes[] = {0xc0, 0};
	Coder coder;

	(void)state;
	for (size_t size = 1; size <= 2; size++) {
		coder_read_from(&coder, (Bytes){bytes, size});
		assert_int_equal(coder_bit(&coder, 32768, 0), 0);
		assert_false(coder_is_at_end(&coder));
		assert_int_equal(coder_bit(&coder, 32768, 0), 0);
		assert_int_equal(coder_is_at_end(&coder), size == 1);
	}
}

static void takes_any_bytes_at_any_chance(void **state)
{
	uint8_t bytes[256];
	Coder coder;

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	coder_read_from(&coder, (Bytes){bytes, sizeof(bytes)});
	for (unsigned i = 0; i < 100000; i++)
		assert_true(coder_bit(&coder, i % 3 == 0 ? 1 : i % 3 == 1 ? 65535 : i % 65535 + 1, 0) < 2);
	assert_false(coder_is_at_end(&coder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_even_bits_as_they_are),
		cmocka_unit_test(reads_zeros_behind_the_end),
		cmocka_unit_test(knows_whether_bytes_are_left_or_missing),
		cmocka_unit_test(takes_any_bytes_at_any_chance),
	};

	return cmocka_run_group_tests_name("coder", tests, NULL, NULL);
}
