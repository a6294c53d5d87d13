/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/history.h"

#include "base/test.h"

static void add_text(History *history, const char *text)
{
	for (; *text; text++)
		history_add(history, (uint8_t)*text);
}

static void expects_what_followed_the_same_bytes_before(void **state)
{
	CLEANUP(history_clear) History history;

	(void)state;
	assert_int_equal(history_init(&history, NULL), 0);
	add_text(&history, "the same bytes, ");
	assert_int_equal(history.length, 0);
	add_text(&history, "the s");
	assert_true(history.length >= 5);
	assert_int_equal(history.next, 'a');
	add_text(&history, "ame");
	assert_int_equal(history.next, ' ');
	add_text(&history, "X");
	assert_int_equal(history.length, 0);
}

static void knows_the_last_bytes(void **state)
{
	CLEANUP(history_clear) History history;
	uint32_t hash;

	(void)state;
	assert_int_equal(history_init(&history, NULL), 0);
	assert_int_equal(history_back(&history, 8), 0);
	add_text(&history, "abcdefgh");
	assert_int_equal(history_back(&history, 1), 'h');
	assert_int_equal(history_back(&history, 8), 'a');
	hash = history_hash(&history, 3);
	add_text(&history, "xyfgh");
	assert_int_equal(history_hash(&history, 3), hash);
	assert_int_not_equal(history_hash(&history, 4), hash);
}

static void follows_other_bytes_than_the_last(void **state)
{
	CLEANUP(history_clear) History history;

	(void)state;
	assert_int_equal(history_init(&history, NULL), 0);
	add_text(&history, "one two three four five");
	history_follow(&history, (const uint8_t *)"a long way before: two three f", 30);
	assert_int_equal(history.next, 'o');
}

/* What is so far back that the ring has gone over it is not there any more. */
static void forgets_what_is_long_ago(void **state)
{
	CLEANUP(history_clear) History history;

	(void)state;
	assert_int_equal(history_init(&history, NULL), 0);
	add_text(&history, "once upon a time");
	for (unsigned i = 0; i < 2u << 20; i++)
		history_add(&history, (uint8_t)(i * i >> 7));
	add_text(&history, "once upon");
	assert_int_equal(history.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expects_what_followed_the_same_bytes_before),
		cmocka_unit_test(knows_the_last_bytes),
		cmocka_unit_test(follows_other_bytes_than_the_last),
		cmocka_unit_test(forgets_what_is_long_ago),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
