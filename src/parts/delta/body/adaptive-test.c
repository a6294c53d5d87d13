/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/adaptive.h"

#include "parts/delta/body/recorder.h"

static const uint64_t numbers[] = {
	0, 1, 2, 3, 7, 8, 100, 65535, 1u << 31, UINT32_MAX, 1ull << 62, 1ull << 63, UINT64_MAX};

static void reads_every_number_it_wrote(void **state)
{
	Recorder recorder = RECORDER_WRITING;
	AdaptiveNumber writer, reader;

	(void)state;
	adaptive_number_init(&writer);
	adaptive_number_init(&reader);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_true(adaptive_number_code(&writer, &recorder.coder, numbers[i]) == numbers[i]);
	recorder_rewind(&recorder);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_true(adaptive_number_code(&reader, &recorder.coder, 0) == numbers[i]);
	assert_int_equal(recorder.at, recorder.bits.size);
	buffer_clear(&recorder.bits);
}

static void reads_every_signed_number_it_wrote(void **state)
{
	static const int64_t values[] = {0, -1, 1, -2, 300, -300, INT32_MIN, INT64_MAX, INT64_MIN};
	Recorder recorder = RECORDER_WRITING;
	AdaptiveNumber models[2];

	(void)state;
	adaptive_number_init(&models[0]);
	adaptive_number_init(&models[1]);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_true(adaptive_signed_code(&models[0], &recorder.coder, values[i]) == values[i]);
	recorder_rewind(&recorder);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_true(adaptive_signed_code(&models[1], &recorder.coder, 0) == values[i]);
	buffer_clear(&recorder.bits);
}

static void a_number_has_bounds_whatever_is_read(void **state)
{
	Noise noise = {.coder = {.code = noise_read}};
	AdaptiveNumber model;

	(void)state;
	adaptive_number_init(&model);
	for (noise.state = 1; noise.state < 2000; noise.state++)
		(void)adaptive_number_code(&model, &noise.coder, 0);
}

static void learns_what_is_always_so_and_stays_within_what_coders_take(void **state)
{
	Adaptive model = ADAPTIVE_INIT;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		adaptive_learn(&model, 1, ADAPTIVE_LIMIT_MAX);
		assert_true(adaptive_one(model) > 0 && adaptive_one(model) < 65536);
	}
	assert_true(adaptive_one(model) > 65000);
	assert_int_equal(adaptive_count(model), ADAPTIVE_LIMIT_MAX);
	for (unsigned i = 0; i < 10000; i++)
		adaptive_learn(&model, 0, ADAPTIVE_LIMIT_MAX);
	assert_true(adaptive_one(model) < 500 && adaptive_one(model) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_number_it_wrote),
		cmocka_unit_test(reads_every_signed_number_it_wrote),
		cmocka_unit_test(a_number_has_bounds_whatever_is_read),
		cmocka_unit_test(learns_what_is_always_so_and_stays_within_what_coders_take),
	};

	return cmocka_run_group_tests_name("adaptive", tests, NULL, NULL);
}
