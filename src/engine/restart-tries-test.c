/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-tries.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"

/* The root of a device. */
static int setup(void **state)
{
	char *path = NULL;
	Error error = ERROR_INIT;

	assert_done(file_temporary_directory("restart-tries-test", &path, &error), &error);
	*state = path;
	return 0;
}

static int teardown(void **state)
{
	Error error = ERROR_INIT;

	assert_done(file_remove_tree(AT_FDCWD, *state, &error), &error);
	free(*state);
	return 0;
}

static int open_root(void **state)
{
	int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	Error error = ERROR_INIT;

	assert_true(fd >= 0);
	assert_done(file_make_directories(fd, "run", 0755, NULL, &error), &error);
	return fd;
}

static json_t *action(const char *target)
{
	json_t *actions =
		json_pack("[{s:s, s:s, s:b}]", "scope", "service", "target", target, "automatic", 1);

	assert_non_null(actions);
	return actions;
}

static bool is_spent(int root, uint64_t generation, const json_t *actions)
{
	CLEANUP_RESTART_TRIES RestartTries tries = RESTART_TRIES_INIT;
	Error error = ERROR_INIT;
	bool spent;

	assert_done(restart_tries_load(root, generation, &tries, &error), &error);
	spent = restart_tries_are_spent(&tries, json_array_get(actions, 0));
	assert_int_equal(restart_tries_gave_up(&tries, actions), spent);
	return spent;
}

static void try_once(int root, uint64_t generation, const json_t *actions)
{
	CLEANUP_RESTART_TRIES RestartTries tries = RESTART_TRIES_INIT;
	Error error = ERROR_INIT;

	assert_done(restart_tries_load(root, generation, &tries, &error), &error);
	assert_done(restart_tries_note(&tries, actions, &error), &error);
}

static void each_is_tried_three_times_a_generation(void **state)
{
	CLEANUP_JSON json_t *tried = action("tried.service"), *other = action("other.service");
	CLEANUP_CLOSE int root = open_root(state);

	for (int i = 0; i < RESTART_TRIES_MAX; i++) {
		assert_false(is_spent(root, 7, tried));
		try_once(root, 7, tried);
	}
	try_once(root, 7, other);
	assert_true(is_spent(root, 7, tried));
	assert_false(is_spent(root, 7, other));
	assert_false(is_spent(root, 8, tried));
	try_once(root, 8, other);
	assert_false(is_spent(root, 8, tried));
}

static void what_is_asked_for_was_not_given_up(void **state)
{
	CLEANUP_RESTART_TRIES RestartTries tries = RESTART_TRIES_INIT;
	CLEANUP_JSON json_t *asked = action("gdm.service");
	CLEANUP_CLOSE int root = open_root(state);
	Error error = ERROR_INIT;

	for (int i = 0; i < RESTART_TRIES_MAX; i++)
		try_once(root, 3, asked);
	assert_int_equal(json_object_set_new(json_array_get(asked, 0), "automatic", json_false()), 0);
	assert_done(restart_tries_load(root, 3, &tries, &error), &error);
	assert_true(restart_tries_are_spent(&tries, json_array_get(asked, 0)));
	assert_false(restart_tries_gave_up(&tries, asked));
}

static void a_damaged_file_begins_anew(void **state)
{
	static const char *const damaged[] = {"", "{", "[]", "{\"generation\": 1}",
		"{\"generation\": \"1\", \"tries\": {}}", "{\"generation\": 1, \"tries\": 3}"};
	CLEANUP_JSON json_t *tried = action("tried.service");
	CLEANUP_CLOSE int root = open_root(state);
	Error error = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		for (int j = 0; j < RESTART_TRIES_MAX; j++)
			try_once(root, 1, tried);
		assert_true(is_spent(root, 1, tried));
		assert_done(
			file_replace(root, "run/suture/tries.json", bytes_of_text(damaged[i]), 0644, &error),
			&error);
		assert_false(is_spent(root, 1, tried));
	}
}

static void what_cannot_be_noted_is_said(void **state)
{
	CLEANUP_RESTART_TRIES RestartTries tries = RESTART_TRIES_INIT;
	CLEANUP_JSON json_t *tried = action("tried.service");
	CLEANUP_CLOSE int root = open_root(state);
	Error error = ERROR_INIT;

	assert_done(restart_tries_load(root, 1, &tries, &error), &error);
	assert_done(file_remove_tree(root, "run", &error), &error);
	assert_fails(restart_tries_note(&tries, tried, &error), &error, "cannot open /run");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_tried_three_times_a_generation, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_asked_for_was_not_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_file_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_noted_is_said, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
