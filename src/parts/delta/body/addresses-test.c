/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/addresses.h"

#include <stdlib.h>

#include "base/test.h"

/* One file with one segment at 0x1000, whose memory is longer than its bytes; what was at 0x1100 is 0x40
 * further on, what was from 0x1180 to 0x1200 is gone. */
typedef struct World {
	Layout layout;
	Addresses *addresses;
} World;

enum { SIZE = 0x400, BSS = 0x100 };

static uint8_t old_bytes[SIZE];

static int set_up(void **state)
{
	static const Bytes source = {old_bytes, SIZE};
	static const Block blocks[] = {
		{.at = 0, .length = 0x100, .old = 0},
		{.at = 0x140, .length = 0x80, .old = 0x100},
		{.at = 0x1c0, .length = 0x200, .old = 0x200},
	};
	static const ElfSegment from = {0x1000, SIZE + BSS, 0, SIZE}, to = {0x1000, 0x3c0 + BSS, 0, 0x3c0};
	World *world = calloc(1, sizeof(*world));
	Layout *layout = &world->layout;

	assert_int_equal(layout_begin(layout, &source, 1, 0x3c0, NULL), 0);
	layout->old_elves = calloc(1, sizeof(*layout->old_elves));
	layout->new_elves = calloc(1, sizeof(*layout->new_elves));
	layout->blocks = calloc(3, sizeof(*layout->blocks));
	assert_true(layout->old_elves && layout->new_elves && layout->blocks);
	layout->old_elves[0] = (OldElf){.elf = {.bytes = source, .segments = {from}, .n_segments = 1}};
	layout->new_elves[0] = (NewElf){.size = 0x3c0, .segments = {to}, .n_segments = 1};
	layout->n_old_elves = layout->n_new_elves = 1;
	for (unsigned i = 0; i < 3; i++)
		layout->blocks[i] = blocks[i];
	layout->n_blocks = 3;
	assert_int_equal(layout_sort(layout, NULL), 0);
	assert_int_equal(addresses_new(layout, &world->addresses, NULL), 0);
	addresses_between(world->addresses, &layout->old_elves[0], &layout->new_elves[0], NULL);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	World *world = *state;

	(void)addresses_free(world->addresses);
	layout_clear(&world->layout);
	free(world);
	return 0;
}

static void expect(World *world, uint64_t target, uint64_t actual, AddressSource expected)
{
	AddressSource source;

	assert_int_equal(addresses_map(world->addresses, target, &source), actual);
	assert_int_equal(source, expected);
	/* The same when it is asked again. */
	assert_int_equal(addresses_map(world->addresses, target, &source), actual);
	assert_int_equal(source, expected);
}

static void follows_what_is_copied(void **state)
{
	expect(*state, 0x1000, 0x1000, ADDRESS_COPIED);
	expect(*state, 0x10ff, 0x10ff, ADDRESS_COPIED);
	expect(*state, 0x1100, 0x1140, ADDRESS_COPIED);
	expect(*state, 0x13ff, 0x13bf, ADDRESS_COPIED);
}

static void guesses_by_the_nearer_neighbour(void **state)
{
	expect(*state, 0x1190, 0x11d0, ADDRESS_GUESSED);
	expect(*state, 0x11f0, 0x11b0, ADDRESS_GUESSED);
}

static void keeps_the_distance_in_what_has_no_bytes(void **state)
{
	expect(*state, 0x1400, 0x13c0, ADDRESS_GUESSED);
	expect(*state, 0x1450, 0x1410, ADDRESS_GUESSED);
	expect(*state, 0x99999, 0x99999, ADDRESS_UNKNOWN);
}

static void believes_what_it_was_taught(void **state)
{
	World *world = *state;

	expect(world, 0x1190, 0x11d0, ADDRESS_GUESSED);
	addresses_learn(world->addresses, 0x1190, 0x1234);
	expect(world, 0x1190, 0x1234, ADDRESS_LEARNT);
	expect(world, 0x1191, 0x11d1, ADDRESS_GUESSED);
}

static void answers_the_same_whatever_was_asked_before(void **state)
{
	World *world = *state;
	uint32_t seed = 1;

	for (unsigned round = 0; round < 20000; round++) {
		CLEANUP(addresses_free) Addresses *fresh = NULL;
		AddressSource source, expected;
		uint64_t target;

		seed = seed * 1664525u + 1013904223u;
		target = 0xf80 + (seed >> 8) % 0x700;
		if (round % 16 != 0) {
			(void)addresses_map(world->addresses, target, &source);
			continue;
		}
		assert_int_equal(addresses_new(&world->layout, &fresh, NULL), 0);
		addresses_between(fresh, &world->layout.old_elves[0], &world->layout.new_elves[0], NULL);
		assert_int_equal(addresses_map(world->addresses, target, &source),
			addresses_map(fresh, target, &expected));
		assert_int_equal(source, expected);
	}
}

static void forgets_what_it_was_taught_of_other_files(void **state)
{
	World *world = *state;
	const Layout *layout = &world->layout;
	NewElf other = layout->new_elves[0];

	addresses_learn(world->addresses, 0x1190, 0x1234);
	addresses_between(world->addresses, &layout->old_elves[0], &other, NULL);
	expect(world, 0x1190, 0x11d0, ADDRESS_GUESSED);
	addresses_between(world->addresses, &layout->old_elves[0], &layout->new_elves[0], NULL);
	expect(world, 0x1190, 0x11d0, ADDRESS_GUESSED);
}

static void moves_with_the_block_under_way(void **state)
{
	World *world = *state;
	const Layout *layout = &world->layout;

	addresses_between(world->addresses, &layout->old_elves[0], &layout->new_elves[0], &layout->blocks[1]);
	expect(world, 0x1110, 0x1150, ADDRESS_COPIED);
	expect(world, 0x1010, 0x1010, ADDRESS_COPIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows_what_is_copied, set_up, tear_down),
		cmocka_unit_test_setup_teardown(guesses_by_the_nearer_neighbour, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_the_distance_in_what_has_no_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(believes_what_it_was_taught, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			answers_the_same_whatever_was_asked_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forgets_what_it_was_taught_of_other_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(moves_with_the_block_under_way, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("addresses", tests, NULL, NULL);
}
