/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/queue.h"

#include "base/cleanup.h"
#include "base/test.h"

static void add(Queue *queue, QueueEntry *entry, uid_t uid, bool changes)
{
	*entry = (QueueEntry){.uid = uid, .changes = changes, .ready = true};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_changes_runs_at_a_time_in_the_order_in_which_they_came),
		cmocka_unit_test(who_only_looks_waits_for_nobody_who_changes_something),
		cmocka_unit_test(nobody_is_held_up_by_one_who_is_being_asked_for_his_password),
		cmocka_unit_test(no_user_can_take_all_places_and_root_finds_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
