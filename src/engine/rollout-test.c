/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/rollout.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

enum { START = 1795502107, DEVICES = 10000, HOUR = 3600 };

static Digest numbered(unsigned number)
{
	Digest digest = {{0}};

	memcpy(digest.bytes, &number, sizeof(number));
	return digest;
}

static uint64_t place_of(unsigned device, unsigned image)
{
	Digest own = numbered(device), brought = numbered(image);
	uint64_t place = 0;
	Error error = ERROR_INIT;

	assert_done(rollout_place(&own, &brought, &place, &error), &error);
	return place;
}

/* How many of the devices have their turn. */
static unsigned count(ManifestRollout rollout, unsigned image, int64_t now)
{
	unsigned n = 0;
	int64_t when;

	for (unsigned i = 0; i < DEVICES; i++)
		n += rollout_turn(&rollout, place_of(i, image), now, &when) == ROLLOUT_NOW;
	return n;
}

static RolloutTurn turn_at(ManifestRollout rollout, uint64_t place, int64_t now)
{
	int64_t when;

	return rollout_turn(&rollout, place, now, &when);
}

static void nobody_has_a_turn_at_0_percent_and_everybody_at_100(void **userdata)
{
	(void)userdata;
	assert_int_equal(turn_at((ManifestRollout){START, 0, 0, false}, 0, INT32_MAX), ROLLOUT_HELD);
	assert_int_equal(turn_at((ManifestRollout){START, 9, 0, false}, 0, INT32_MAX), ROLLOUT_HELD);
	assert_int_equal(turn_at((ManifestRollout){START, 0, 100, false}, UINT64_MAX, START), ROLLOUT_NOW);
	assert_int_equal(
		turn_at((ManifestRollout){START, 9, 100, false}, UINT64_MAX, START + 9 * HOUR), ROLLOUT_NOW);
}

static void the_percentage_cuts_the_places_exactly(void **userdata)
{
	ManifestRollout half = {START, 0, 50, false}, one = {START, 0, 1, false},
			most = {START, 0, 99, false};
	const uint64_t hundredth = UINT64_MAX / 100; /* 2^64 / 100, rounded down */

	(void)userdata;
	assert_int_equal(turn_at(half, ((uint64_t)1 << 63) - 1, START), ROLLOUT_NOW);
	assert_int_equal(turn_at(half, (uint64_t)1 << 63, START), ROLLOUT_HELD);
	assert_int_equal(turn_at(one, hundredth, START), ROLLOUT_NOW);
	assert_int_equal(turn_at(one, hundredth + 1, START), ROLLOUT_HELD);
	assert_int_equal(turn_at(most, UINT64_MAX - hundredth + 1, START), ROLLOUT_HELD);
	assert_int_equal(turn_at(most, UINT64_MAX - hundredth, START), ROLLOUT_NOW);
}

static void nobody_has_a_turn_at_the_start_and_everybody_at_the_end(void **userdata)
{
	ManifestRollout slow = {START, 2160, 100, false};
	int64_t when = 0;

	(void)userdata;
	assert_int_equal(rollout_turn(&slow, 0, START, &when), ROLLOUT_LATER);
	assert_int_equal(when, START + 1);
	assert_int_equal(rollout_turn(&slow, UINT64_MAX, START + 2160 * HOUR - 1, &when), ROLLOUT_LATER);
	assert_int_equal(when, START + 2160 * HOUR);
	assert_int_equal(rollout_turn(&slow, UINT64_MAX, START + 2160 * HOUR, &when), ROLLOUT_NOW);
}

static void the_turn_comes_at_the_second_that_was_said_and_stays(void **userdata)
{
	ManifestRollout rollout = {START, 48, 100, false};

	(void)userdata;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t place = place_of(i, 1);
		int64_t when = 0, again;

		assert_int_equal(rollout_turn(&rollout, place, START, &when), ROLLOUT_LATER);
		assert_true(when > START && when <= START + 48 * HOUR);
		assert_int_equal(rollout_turn(&rollout, place, when - 1, &again), ROLLOUT_LATER);
		assert_int_equal(again, when);
		assert_int_equal(rollout_turn(&rollout, place, when, &again), ROLLOUT_NOW);
		assert_int_equal(rollout_turn(&rollout, place, when + 1, &again), ROLLOUT_NOW);
	}
}

static void the_share_follows_the_time_and_the_percentage(void **userdata)
{
	ManifestRollout rollout = {START, 40, 100, false}, capped = {START, 40, 10, false};

	(void)userdata;
	assert_int_equal(count(rollout, 1, START), 0);
	assert_in_range(count(rollout, 1, START + 10 * HOUR), DEVICES * 23 / 100, DEVICES * 27 / 100);
	assert_int_equal(count(rollout, 1, START + 40 * HOUR), DEVICES);
	assert_int_equal(count(capped, 1, START + 2 * HOUR), count(rollout, 1, START + 2 * HOUR));
	assert_in_range(count(capped, 1, START + 400 * HOUR), DEVICES * 9 / 100, DEVICES * 11 / 100);
}

static void a_raised_percentage_takes_nobody_s_turn_away(void **userdata)
{
	(void)userdata;
	for (unsigned i = 0; i < 1000; i++) {
		RolloutTurn before = ROLLOUT_HELD;

		for (unsigned percent = 0; percent <= 100; percent++) {
			RolloutTurn turn =
				turn_at((ManifestRollout){START, 0, percent, false}, place_of(i, 1), START);

			assert_true(before != ROLLOUT_NOW || turn == ROLLOUT_NOW);
			before = turn;
		}
		assert_int_equal(before, ROLLOUT_NOW);
	}
}

static void the_first_of_one_improvement_are_not_those_of_the_next(void **userdata)
{
	unsigned first = 0, both = 0;

	(void)userdata;
	for (unsigned i = 0; i < DEVICES; i++)
		if (place_of(i, 1) < (uint64_t)1 << 62) {
			first++;
			both += place_of(i, 2) < (uint64_t)1 << 62;
		}
	assert_in_range(both, first * 20 / 100, first * 30 / 100);
}

static void urgent_is_everybody_s_turn_whatever_the_rest_says(void **userdata)
{
	(void)userdata;
	assert_int_equal(turn_at((ManifestRollout){START, 2160, 0, true}, UINT64_MAX, 0), ROLLOUT_NOW);
}

static void nobody_has_a_turn_before_the_start(void **userdata)
{
	ManifestRollout rollout = {START, 0, 100, false};
	int64_t when = 0;

	(void)userdata;
	assert_int_equal(rollout_turn(&rollout, 0, START - 1, &when), ROLLOUT_LATER);
	assert_int_equal(when, START);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_has_a_turn_at_0_percent_and_everybody_at_100),
		cmocka_unit_test(the_percentage_cuts_the_places_exactly),
		cmocka_unit_test(nobody_has_a_turn_at_the_start_and_everybody_at_the_end),
		cmocka_unit_test(the_turn_comes_at_the_second_that_was_said_and_stays),
		cmocka_unit_test(the_share_follows_the_time_and_the_percentage),
		cmocka_unit_test(a_raised_percentage_takes_nobody_s_turn_away),
		cmocka_unit_test(the_first_of_one_improvement_are_not_those_of_the_next),
		cmocka_unit_test(urgent_is_everybody_s_turn_whatever_the_rest_says),
		cmocka_unit_test(nobody_has_a_turn_before_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
