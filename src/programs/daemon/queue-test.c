/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/queue.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/test.h"

static void add(Queue *queue, QueueEntry *entry, uid_t uid, bool changes)
{
	*entry = (QueueEntry){.known = true, .uid = uid, .changes = changes, .ready = true};
	queue_add(queue, entry);
}

static void one_that_changes_runs_at_a_time_in_the_order_in_which_they_came(void **state)
{
	Queue queue = {NULL};
	QueueEntry entries[3];

	(void)state;
	assert_null(queue_next(&queue));
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		add(&queue, &entries[i], 1000, true);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		assert_ptr_equal(queue_next(&queue), &entries[i]);
		entries[i].running = true;
		assert_null(queue_next(&queue));
		assert_true(queue_is_busy(&queue));
		queue_remove(&queue, &entries[i]);
	}
	assert_null(queue.first);
	assert_false(queue_is_busy(&queue));
}

static void who_only_looks_waits_for_nobody_who_changes_something(void **state)
{
	Queue queue = {NULL};
	QueueEntry changing, waiting, looking[QUEUE_LOOKING_MAX + 1];

	(void)state;
	add(&queue, &changing, 0, true);
	changing.running = true;
	add(&queue, &waiting, 0, true);
	for (size_t i = 0; i < ARRAY_SIZE(looking); i++)
		add(&queue, &looking[i], 1000, false);
	for (size_t i = 0; i < QUEUE_LOOKING_MAX; i++) {
		assert_ptr_equal(queue_next(&queue), &looking[i]);
		looking[i].running = true;
	}
	assert_null(queue_next(&queue));
	queue_remove(&queue, &looking[0]);
	assert_ptr_equal(queue_next(&queue), &looking[QUEUE_LOOKING_MAX]);
}

static void nobody_is_held_up_by_one_who_is_being_asked_for_his_password(void **state)
{
	Queue queue = {NULL};
	QueueEntry asked, other;

	(void)state;
	add(&queue, &asked, 1000, true);
	asked.ready = false;
	assert_false(queue_is_busy(&queue));
	add(&queue, &other, 1001, true);
	assert_ptr_equal(queue_next(&queue), &other);
}

static void no_user_can_take_all_places_and_root_finds_one(void **state)
{
	Queue queue = {NULL};
	QueueEntry entries[QUEUE_MAX];
	size_t n = 0;

	(void)state;
	for (uid_t uid = 1000; queue_has_room(&queue, uid); uid++)
		for (size_t own = 0; queue_has_room(&queue, uid); own++) {
			assert_true(own < QUEUE_USER_MAX);
			add(&queue, &entries[n++], uid, false);
		}
	assert_int_equal(n, QUEUE_MAX - QUEUE_ROOT);
	assert_false(queue_has_room(&queue, 4711));
	while (queue_has_room(&queue, 0))
		add(&queue, &entries[n++], 0, false);
	assert_int_equal(n, QUEUE_MAX);
	queue_remove(&queue, &entries[5]);
	assert_true(queue_has_room(&queue, 0));
}

static void add_unknown(Queue *queue, QueueEntry *entry, const char *sender)
{
	*entry = (QueueEntry){.sender = sender};
	queue_add(queue, entry);
}

static void one_connection_that_is_not_known_yet_has_few_calls_in_it(void **state)
{
	Queue queue = {NULL};
	QueueEntry entries[QUEUE_SENDER_MAX + 1], other;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		add_unknown(&queue, &entries[i], ":1.1");
		assert_ptr_equal(queue_surplus(&queue, &entries[i]),
			i < QUEUE_SENDER_MAX ? NULL : &entries[QUEUE_SENDER_MAX]);
	}
	add_unknown(&queue, &other, ":1.2");
	assert_null(queue_surplus(&queue, &other));
	/* They hold up nobody who is known, and take no place of theirs. */
	assert_null(queue_next(&queue));
	assert_true(queue_has_room(&queue, 0));
	queue_remove(&queue, &entries[QUEUE_SENDER_MAX]);
	entries[0].known = true;
	add_unknown(&queue, &entries[QUEUE_SENDER_MAX], ":1.1");
	assert_null(queue_surplus(&queue, &entries[QUEUE_SENDER_MAX]));
}

static void who_has_many_calls_in_it_gives_way_to_one_who_has_not(void **state)
{
	enum { CONNECTIONS = 256 };
	Queue queue = {NULL};
	QueueEntry entries[QUEUE_UNKNOWN_MAX], root;
	char names[CONNECTIONS][sizeof(":2.255")];
	const QueueEntry *surplus;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		(void)snprintf(names[i % CONNECTIONS], sizeof(names[0]), ":2.%zu", i % CONNECTIONS);
		add_unknown(&queue, &entries[i], names[i % CONNECTIONS]);
		assert_null(queue_surplus(&queue, &entries[i]));
	}
	add_unknown(&queue, &root, ":1.1");
	surplus = queue_surplus(&queue, &root);
	assert_ptr_equal(surplus, &entries[ARRAY_SIZE(entries) - 1]);
	queue_remove(&queue, surplus);
	assert_null(queue_surplus(&queue, &root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_changes_runs_at_a_time_in_the_order_in_which_they_came),
		cmocka_unit_test(who_only_looks_waits_for_nobody_who_changes_something),
		cmocka_unit_test(nobody_is_held_up_by_one_who_is_being_asked_for_his_password),
		cmocka_unit_test(no_user_can_take_all_places_and_root_finds_one),
		cmocka_unit_test(one_connection_that_is_not_known_yet_has_few_calls_in_it),
		cmocka_unit_test(who_has_many_calls_in_it_gives_way_to_one_who_has_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
