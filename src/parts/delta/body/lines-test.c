/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/lines.h"

#include "base/test.h"

static void gives_a_context_the_same_line_again(void **state)
{
	CLEANUP(lines_clear) Lines lines;
	Line *line;

	(void)state;
	assert_int_equal(lines_init(&lines, 8, NULL), 0);
	line = lines_find(&lines, 0x12345678);
	assert_int_equal(line->nodes[0], NODE_INIT);
	assert_int_equal(line->nodes[14], NODE_INIT);
	line->nodes[3] = 77;
	assert_ptr_equal(lines_find(&lines, 0x12345678), line);
	assert_int_equal(line->nodes[3], 77);
	assert_ptr_not_equal(lines_find(&lines, 0xf2345678), line);
}

/* Of two lines in one place the one that is used less makes room. */
static void keeps_what_is_used_more(void **state)
{
	CLEANUP(lines_clear) Lines lines;
	Line *often, *seldom, *third;

	(void)state;
	assert_int_equal(lines_init(&lines, 8, NULL), 0);
	often = lines_find(&lines, 0x12000011);
	seldom = lines_find(&lines, 0x12000022);
	assert_ptr_not_equal(often, seldom);
	often->nodes[0] = NODE_INIT + 9;
	seldom->nodes[0] = NODE_INIT + 2;
	third = lines_find(&lines, 0x12000044);
	assert_ptr_equal(third, seldom);
	assert_int_equal(third->nodes[0], NODE_INIT);
	assert_ptr_equal(lines_find(&lines, 0x12000011), often);
	assert_int_equal(node_count(often->nodes[0]), 9);
}

static void stays_within_its_table(void **state)
{
	(void)state;
	for (unsigned bits = 1; bits <= 16; bits++) {
		CLEANUP(lines_clear) Lines lines;

		assert_int_equal(lines_init(&lines, bits, NULL), 0);
		for (uint64_t hash = 0; hash <= UINT32_MAX; hash += 0x0fffffff) {
			Line *line = lines_find(&lines, (uint32_t)hash);

			assert_true(line >= lines.lines && line < lines.lines + (1u << bits));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_a_context_the_same_line_again),
		cmocka_unit_test(keeps_what_is_used_more),
		cmocka_unit_test(stays_within_its_table),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
