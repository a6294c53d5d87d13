/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/shuffle.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

static void holds_each_once(void **userdata)
{
	Error error = ERROR_INIT;

	(void)userdata;
	for (size_t n = 0; n < 200; n++) {
		CLEANUP_FREE size_t *order = NULL;
		unsigned seen[200] = {0};

		assert_done(shuffle(n, &order, &error), &error);
		for (size_t i = 0; i < n; i++) {
			assert_in_range(order[i], 0, n - 1);
			seen[order[i]]++;
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(seen[i], 1);
	}
}

/* Each of the 24 orders of four is expected a thousand times; as few as 800 or as many as 1200 come once in
 * more than a hundred million runs. */
static void each_order_comes_as_often_as_any_other(void **userdata)
{
	enum { RUNS = 24000 };
	unsigned counts[256] = {0}, orders = 0;
	Error error = ERROR_INIT;

	(void)userdata;
	for (int i = 0; i < RUNS; i++) {
		CLEANUP_FREE size_t *order = NULL;

		assert_done(shuffle(4, &order, &error), &error);
		counts[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i] > 0) {
			orders++;
			assert_in_range(counts[i], 800, 1200);
		}
	assert_int_equal(orders, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_each_once),
		cmocka_unit_test(each_order_comes_as_often_as_any_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
