/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/reference.h"

#include "base/bytes.h"
#include "base/test.h"

static const uint64_t place = 0x401000, origin = 0x500000;

typedef struct Case {
	Reference reference;
	uint64_t target;
	const uint8_t field[8];
} Case;

static const Case cases[] = {
	{{.size = 4, .from = ORIGIN_PLACE, .skip = 5, .unit = 1}, 0x401005 - 2, {0xfe, 0xff, 0xff, 0xff}},
	{{.size = 1, .from = ORIGIN_PLACE, .skip = 1, .unit = 1}, 0x401001 + 0x7f, {0x7f}},
	{{.size = 4, .from = ORIGIN_BEHIND, .unit = 1}, 0x400ff0, {0x10}},
	{{.size = 8, .from = ORIGIN_NOTHING, .unit = 1}, 0x123456789, {0x89, 0x67, 0x45, 0x23, 1}},
	{{.size = 4, .from = ORIGIN_NOTHING, .unit = 1}, 0xfffffffe, {0xfe, 0xff, 0xff, 0xff}},
	{{.size = 4, .from = ORIGIN_ADDRESS, .unit = 1}, 0x500000 - 3, {0xfd, 0xff, 0xff, 0xff}},
	{{.size = 4, .from = ORIGIN_ADDRESS, .unit = 24}, 0x500000 + 24 * 0x102, {2, 1}},
	{{.size = 4, .from = ORIGIN_SPAN, .unit = 1}, 0x500000 + 0xf0000000, {0, 0, 0, 0xf0}},
	{{.size = 8, .from = ORIGIN_OFFSET, .unit = 1}, 0x1040, {0x40, 0x10}},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void writes_every_kind_of_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const Case *c = &cases[i];
		uint8_t to[8] = {0};

		assert_true(reference_write(&c->reference, c->field, place, origin, c->target, to));
		assert_memory_equal(to, c->field, 8);
	}
}

static void says_what_a_field_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		uint64_t target = 0;

		assert_true(reference_target(&cases[i].reference, cases[i].field, place, origin, &target));
		assert_int_equal(target, cases[i].target);
	}
}

static void loads_with_a_sign_what_counts_both_ways(void **state)
{
	const Reference forth = {.size = 4, .from = ORIGIN_NOTHING},
			both = {.size = 4, .from = ORIGIN_ADDRESS};
	static const uint8_t field[4] = {0xff, 0xff, 0xff, 0xff};

	(void)state;
	assert_int_equal(reference_load(&forth, field), 0xffffffff);
	assert_int_equal(reference_load(&both, field), UINT64_MAX);
}

static void refuses_what_the_field_cannot_hold(void **state)
{
	static const struct {
		Reference reference;
		uint64_t target;
	} beyond[] = {
		{{.size = 1, .from = ORIGIN_PLACE, .skip = 1, .unit = 1}, 0x401001 + 0x80},
		{{.size = 1, .from = ORIGIN_PLACE, .skip = 1, .unit = 1}, 0x401001 - 0x81},
		{{.size = 4, .from = ORIGIN_PLACE, .skip = 4, .unit = 1}, 0x401004 + 0x80000000ull},
		{{.size = 4, .from = ORIGIN_BEHIND, .unit = 1}, 0x401001},
		{{.size = 4, .from = ORIGIN_NOTHING, .unit = 1}, 0x100000000},
		{{.size = 4, .from = ORIGIN_SPAN, .unit = 1}, 0x4fffff},
		{{.size = 4, .from = ORIGIN_ADDRESS, .unit = 24}, 0x500000 + 25},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		static const uint8_t before[8] = {1, 2, 3, 4, 5, 6, 7, 8};
		uint8_t to[8] = {1, 2, 3, 4, 5, 6, 7, 8};

		assert_false(
			reference_write(&beyond[i].reference, before, place, origin, beyond[i].target, to));
		assert_memory_equal(to, before, 8);
	}
}

static void makes_instructions_of_aarch64_anew(void **state)
{
	const Reference call = {.size = 4, .form = REFERENCE_A64, .from = ORIGIN_PLACE, .unit = 1};
	static const uint8_t bl[4] = {0x00, 0x04, 0x00, 0x94}, low[4] = {0x20, 0x40, 0x00, 0x91};
	uint8_t to[4];
	uint64_t target = 0;

	(void)state;
	assert_true(reference_target(&call, bl, place, 0, &target)); /* bl .+0x1000 */
	assert_int_equal(target, place + 0x1000);
	assert_true(reference_write(&call, bl, place, 0, place + 8, to));
	assert_int_equal(load_u32(to), 0x94000002);
	assert_false(reference_write(&call, bl, place, 0, place + 2, to));
	/* add x0, x1, #0x10: half of an address */
	assert_false(reference_target(&call, low, place, 0, &target));
	assert_true(reference_write(&call, low, place, 0, 0x7654321, to));
	assert_int_equal(load_u32(to), 0x91000020 | 0x321 << 10);
}

static void tells_another_instruction_from_another_address(void **state)
{
	const Reference call = {.size = 4, .form = REFERENCE_A64, .from = ORIGIN_PLACE, .unit = 1};
	static const uint8_t bl[4] = {0x00, 0x04, 0x00, 0x94}, other_bl[4] = {0x11, 0x22, 0x33, 0x95},
			     b[4] = {0x00, 0x04, 0x00, 0x14};

	(void)state;
	assert_true(reference_same_but_field(&call, bl, other_bl));
	assert_false(reference_same_but_field(&call, bl, b));
}

/* The sanitizers watch that nothing behind them is read. */
static void looks_at_no_byte_behind_a_field(void **state)
{
	const Reference last = {.size = 1, .from = ORIGIN_PLACE, .skip = 1, .unit = 1};
	CLEANUP_FREE uint8_t *a = malloc(1);
	CLEANUP_FREE uint8_t *b = malloc(1);
	uint64_t target;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	*a = 1;
	*b = 2;
	assert_true(reference_same_but_field(&last, a, b));
	assert_true(reference_target(&last, a, place, 0, &target));
	assert_true(reference_write(&last, a, place, 0, target + 1, b));
}

static void puts_any_number_into_a_field(void **state)
{
	const Reference plain = {.size = 4, .from = ORIGIN_NUMBER, .unit = 1};
	const Reference word = {.size = 4, .form = REFERENCE_A64, .from = ORIGIN_NUMBER, .unit = 1};
	static const uint8_t number[4] = {0x34, 0x12},
			     mov[4] = {0x81, 0x46, 0x82, 0x52}; /* mov w1, #0x1234 */
	uint8_t to[4];

	(void)state;
	assert_int_equal(reference_value(&plain, number), 0x1234);
	assert_int_equal(reference_width(&plain, number), 32);
	reference_put_value(&plain, number, 0x87654321, to);
	assert_int_equal(load_u32(to), 0x87654321);
	assert_int_equal(reference_value(&word, mov), 0x1234);
	assert_int_equal(reference_width(&word, mov), 16);
	reference_put_value(&word, mov, 4, to);
	assert_int_equal(load_u32(to), 0x52800081);
	assert_true(reference_same_but_field(&word, mov, to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_every_kind_of_field),
		cmocka_unit_test(says_what_a_field_means),
		cmocka_unit_test(loads_with_a_sign_what_counts_both_ways),
		cmocka_unit_test(refuses_what_the_field_cannot_hold),
		cmocka_unit_test(makes_instructions_of_aarch64_anew),
		cmocka_unit_test(tells_another_instruction_from_another_address),
		cmocka_unit_test(puts_any_number_into_a_field),
		cmocka_unit_test(looks_at_no_byte_behind_a_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
