/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include "base/cleanup.h"
#include "parts/delta/model/aarch64.h"

enum { PLACE = 0x401000 };

typedef struct Sample {
	uint32_t word;
	A64Form form;
	int64_t offset; /* from PLACE, or from its page */
} Sample;

static const Sample samples[] = {
	{0x94000400, A64_CALL, 0x1000},       /* bl .+0x1000 */
	{0x17fffffd, A64_JUMP, -12},          /* b .-12 */
	{0x16000000, A64_JUMP, -134217728},   /* b, as far back as it goes */
	{0x540001c0, A64_BRANCH, 0x38},       /* b.eq */
	{0x54fffff1, A64_BRANCH, -4},         /* bc.ne */
	{0x34000783, A64_BRANCH, 0xf0},       /* cbz w3 */
	{0xb5ffff5e, A64_BRANCH, -0x18},      /* cbnz x30 */
	{0x36180041, A64_TEST, 8},            /* tbz w1, #3 */
	{0xb7fffee1, A64_TEST, -0x24},        /* tbnz x1, #63 */
	{0x18000001, A64_LITERAL, 0},         /* ldr w1 */
	{0x58ffffe1, A64_LITERAL, -4},        /* ldr x1 */
	{0x98ffffc1, A64_LITERAL, -8},        /* ldrsw x1 */
	{0xd8ffffa0, A64_LITERAL, -0xc},      /* prfm */
	{0x1cffff81, A64_LITERAL, -0x10},     /* ldr s1 */
	{0x5cffff61, A64_LITERAL, -0x14},     /* ldr d1 */
	{0x9cffff41, A64_LITERAL, -0x18},     /* ldr q1 */
	{0x70fffe25, A64_ADR, -57},           /* adr x5 */
	{0x707fffe5, A64_ADR, 0xfffff},       /* adr x5, as far as it goes */
	{0xd0000091, A64_ADRP, 0x12000},      /* adrp x17 */
	{0xf0ffffe0, A64_ADRP, -4096},        /* adrp x0 */
	{0x90800003, A64_ADRP, -(1ll << 32)}, /* adrp x3 */
};

typedef struct Low12Sample {
	uint32_t word;
	unsigned base, shift;
	uint32_t offset;
} Low12Sample;

static const Low12Sample low12_samples[] = {
	{0x913fc211, 16, 0, 0xff0}, /* add x17, x16, #0xff0 */
	{0x393ffc41, 2, 0, 0xfff},  /* strb w1, [x2, #0xfff] */
	{0x39400441, 2, 0, 1},      /* ldrb w1 */
	{0x39800441, 2, 0, 1},      /* ldrsb x1 */
	{0x39c00441, 2, 0, 1},      /* ldrsb w1 */
	{0x79000441, 2, 1, 2},      /* strh w1 */
	{0x79400441, 2, 1, 2},      /* ldrh w1 */
	{0x79800441, 2, 1, 2},      /* ldrsh x1 */
	{0x79c00441, 2, 1, 2},      /* ldrsh w1 */
	{0xb9000441, 2, 2, 4},      /* str w1 */
	{0xb9400441, 2, 2, 4},      /* ldr w1 */
	{0xb9800441, 2, 2, 4},      /* ldrsw x1 */
	{0xf9000441, 2, 3, 8},      /* str x1 */
	{0xf947fe11, 16, 3, 0xff8}, /* ldr x17, [x16, #0xff8] */
	{0xf9800440, 2, 3, 8},      /* prfm */
	{0x3d000441, 2, 0, 1},      /* str b1 */
	{0x3d400441, 2, 0, 1},      /* ldr b1 */
	{0x7d000441, 2, 1, 2},      /* str h1 */
	{0x7d400441, 2, 1, 2},      /* ldr h1 */
	{0xbd000441, 2, 2, 4},      /* str s1 */
	{0xbd400441, 2, 2, 4},      /* ldr s1 */
	{0xfd000441, 2, 3, 8},      /* str d1 */
	{0xfd400441, 2, 3, 8},      /* ldr d1 */
	{0x3d800441, 2, 4, 0x10},   /* str q1 */
	{0x3dc3fc41, 2, 4, 0xff0},  /* ldr q1, [x2, #0xff0] */
};

static uint64_t origin_of(A64Form form)
{
	return form == A64_ADRP ? PLACE & ~0xfffull : PLACE;
}

static void finds_the_target_of_every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		A64Form form = a64_form(samples[i].word);

		assert_int_equal(form, samples[i].form);
		assert_int_equal(a64_target(form, samples[i].word, PLACE),
			origin_of(form) + (uint64_t)samples[i].offset);
	}
}

static void finds_the_low_half_of_an_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(low12_samples); i++) {
		const Low12Sample *sample = &low12_samples[i];

		assert_int_equal(a64_form(sample->word), A64_LOW12);
		assert_int_equal(a64_low12(sample->word), sample->offset);
		assert_int_equal(a64_low12_shift(sample->word), sample->shift);
		assert_int_equal(a64_base_register(sample->word), sample->base);
	}
	assert_int_equal(a64_target_register(0xd0000091), 17);
	assert_int_equal(a64_target_register(0x70fffe25), 5);
}

static void leaves_every_other_instruction_alone(void **state)
{
	static const uint32_t others[] = {
		0x91400441, /* add x1, x2, #1, lsl #12 */
		0x11004041, /* add w1, w2, #16 */
		0xb1004041, /* adds x1, x2, #16 */
		0xd1004041, /* sub x1, x2, #16 */
		0xf8408041, /* ldur x1, [x2, #8] */
		0xf8636841, /* ldr x1, [x2, x3] */
		0xf8408441, /* ldr x1, [x2], #8 */
		0xa9400861, /* ldp x1, x2, [x3] */
		0xd65f03c0, /* ret */
		0xd61f0220, /* br x17 */
		0xd63f0220, /* blr x17 */
		0xd2800081, /* mov x1, #4 */
		0x52a00081, /* mov w1, #0x40000 */
		0x12800081, /* mov w1, #-5 */
		0x72800081, /* movk w1, #4 */
		0xdc000001, /* no instruction: a literal of SIMD with opc 3 */
		0xb9c00441, /* no instructions: loads and stores with an opc of no use */
		0xf9c00441,
		0x7d800441,
		0xbdc00441,
		0xfd800441,
		0x00000000,
		0xffffffff,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(a64_form(others[i]), A64_NONE);
}

static void writes_back_what_it_read(void **state)
{
	uint32_t word;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const Sample *sample = &samples[i];
		uint64_t target = a64_target(sample->form, sample->word, PLACE);
		uint32_t mask = a64_field_mask(sample->form);

		assert_true(a64_with_target(sample->form, sample->word & ~mask, PLACE, target, &word));
		assert_int_equal(word, sample->word);
		assert_true(a64_with_target(sample->form, sample->word | mask, PLACE, target, &word));
		assert_int_equal(word, sample->word);
	}
	for (size_t i = 0; i < ARRAY_SIZE(low12_samples); i++) {
		const Low12Sample *sample = &low12_samples[i];
		uint32_t mask = a64_field_mask(A64_LOW12);

		assert_true(a64_with_low12(sample->word & ~mask, sample->offset, &word));
		assert_int_equal(word, sample->word);
		assert_true(a64_with_low12(sample->word | mask, sample->offset, &word));
		assert_int_equal(word, sample->word);
	}
}

static void keeps_the_form_whatever_the_field_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		uint32_t mask = a64_field_mask(samples[i].form);

		assert_int_equal(a64_form(samples[i].word & ~mask), samples[i].form);
		assert_int_equal(a64_form(samples[i].word | mask), samples[i].form);
	}
	for (size_t i = 0; i < ARRAY_SIZE(low12_samples); i++) {
		uint32_t mask = a64_field_mask(A64_LOW12);

		assert_int_equal(a64_form(low12_samples[i].word & ~mask), A64_LOW12);
		assert_int_equal(a64_form(low12_samples[i].word | mask), A64_LOW12);
	}
	assert_int_equal(a64_field_mask(A64_NONE), 0);
}

/* From a place in the middle of all addresses: what is first and last within reach, in steps of a unit. */
static void expect_reach(A64Form form, uint32_t word, unsigned bits, uint64_t unit)
{
	const uint64_t place = 1ull << 62, half = (1ull << (bits - 1)) * unit;
	uint32_t ret = 0x12345678;

	assert_true(a64_with_target(form, word, place, place - half, &ret));
	assert_int_equal(a64_target(form, ret, place), place - half);
	assert_true(a64_with_target(form, word, place, place + half - unit, &ret));
	assert_int_equal(a64_target(form, ret, place), place + half - unit);
	ret = 0x12345678;
	assert_false(a64_with_target(form, word, place, place - half - unit, &ret));
	assert_false(a64_with_target(form, word, place, place + half, &ret));
	assert_false(a64_with_target(form, word, place, place + (1ull << 63), &ret));
	assert_int_equal(ret, 0x12345678);
}

static void refuses_what_is_out_of_reach(void **state)
{
	(void)state;
	expect_reach(A64_CALL, 0x94000000, 26, 4);
	expect_reach(A64_JUMP, 0x14000000, 26, 4);
	expect_reach(A64_BRANCH, 0x54000000, 19, 4);
	expect_reach(A64_TEST, 0x36000000, 14, 4);
	expect_reach(A64_LITERAL, 0x58000000, 19, 4);
	expect_reach(A64_ADR, 0x10000000, 21, 1);
	expect_reach(A64_ADRP, 0x90000000, 21, 4096);
}

static void refuses_targets_that_are_not_aligned(void **state)
{
	static const A64Form words[] = {A64_CALL, A64_JUMP, A64_BRANCH, A64_TEST, A64_LITERAL};
	uint32_t word = 0x12345678;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (unsigned off = 1; off < 4; off++)
			assert_false(a64_with_target(words[i], 0, PLACE, PLACE + off, &word));
	}
	for (size_t i = 0; i < ARRAY_SIZE(low12_samples); i++) {
		uint32_t scale = 1u << low12_samples[i].shift;

		assert_false(a64_with_low12(low12_samples[i].word, 4096, &word));
		for (uint32_t off = 1; off < scale; off++)
			assert_false(a64_with_low12(low12_samples[i].word, 4096 - scale + off, &word));
	}
	assert_int_equal(word, 0x12345678);
}

static void leads_to_the_page_of_a_target(void **state)
{
	uint32_t word;

	(void)state;
	assert_true(a64_with_target(A64_ADRP, 0x90000011, 0x401ffc, 0x413abc, &word));
	assert_int_equal(word, 0xd0000091);
	assert_int_equal(a64_target(A64_ADRP, word, 0x401000), 0x413000);
}

static void finds_a_number_and_replaces_it(void **state)
{
	(void)state;
	assert_int_equal(a64_form(0x52800081), A64_NUMBER); /* mov w1, #4 */
	assert_int_equal(a64_form(0x529fffe1), A64_NUMBER);
	assert_int_equal(a64_field(A64_NUMBER, 0x52800081), 4);
	assert_int_equal(a64_field(A64_NUMBER, 0x529fffe1), 0xffff);
	assert_int_equal(a64_target_register(0x529fffe1), 1);
	assert_int_equal(a64_with_field(A64_NUMBER, 0x529fffe1, 4), 0x52800081);
	assert_int_equal(a64_field_mask(A64_NUMBER), 0x529fffe1 & ~0x52800001);
}

static void gives_the_same_word_for_the_same_target(void **state)
{
	static const uint64_t places[] = {0x1000, 0x401ffc, 0x7fffffff0000, UINT64_MAX - 3};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(places); j++) {
			uint32_t absolute = a64_absolute(samples[i].word, places[j]);

			assert_int_equal(a64_form(absolute), samples[i].form);
			assert_int_equal(a64_relative(absolute, places[j]), samples[i].word);
		}
	}
	assert_int_equal(a64_absolute(0x94000400, 0x1000), a64_absolute(0x94000000, 0x2000));
	assert_int_equal(a64_absolute(0xd0000091, 0x1ffc), a64_absolute(0xb0000091, 0x2000));
	assert_int_equal(a64_absolute(0x540001c0, 0x1000), 0x540001c0);
}

static void has_no_target_without_an_offset_from_the_place(void **state)
{
	uint32_t word = 0x12345678;

	(void)state;
	assert_int_equal(a64_target(A64_NONE, 0xd65f03c0, PLACE), 0);
	assert_int_equal(a64_target(A64_LOW12, 0x91000000, PLACE), 0);
	assert_false(a64_with_target(A64_NONE, 0xd65f03c0, PLACE, PLACE, &word));
	assert_false(a64_with_target(A64_LOW12, 0x91000000, PLACE, PLACE, &word));
	assert_int_equal(word, 0x12345678);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_target_of_every_form),
		cmocka_unit_test(finds_the_low_half_of_an_address),
		cmocka_unit_test(leaves_every_other_instruction_alone),
		cmocka_unit_test(writes_back_what_it_read),
		cmocka_unit_test(keeps_the_form_whatever_the_field_holds),
		cmocka_unit_test(refuses_what_is_out_of_reach),
		cmocka_unit_test(refuses_targets_that_are_not_aligned),
		cmocka_unit_test(leads_to_the_page_of_a_target),
		cmocka_unit_test(finds_a_number_and_replaces_it),
		cmocka_unit_test(gives_the_same_word_for_the_same_target),
		cmocka_unit_test(has_no_target_without_an_offset_from_the_place),
	};

	return cmocka_run_group_tests_name("aarch64", tests, NULL, NULL);
}
