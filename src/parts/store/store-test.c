/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "base/text.h"

static const Digest first = {{1}}, second = {{2}};

typedef struct Fixture {
	char *path;
	Store *store;
	Error error;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || file_temporary_directory("suture-store", &fixture->path, &fixture->error) < 0 ||
		store_open(fixture->path, true, &fixture->store, &fixture->error) != 0)
		return -1;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	(void)store_free(fixture->store);
	(void)file_remove_tree(AT_FDCWD, fixture->path, NULL);
	free(fixture->path);
	free(fixture);
	return 0;
}

static void says_when_there_is_no_state(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_FREE char *path = NULL;
	Store *other = NULL;

	assert_done(text_format(&path, &fixture->error, "%s/none", fixture->path), &fixture->error);
	assert_int_equal(store_open(path, false, &other, &fixture->error), STORE_ABSENT);
	assert_null(other);
}

static void gives_back_the_document_that_was_saved(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_JSON json_t *document = json_pack("{s:i}", "generation", 3);
	CLEANUP_JSON json_t *again = NULL;

	assert_int_equal(store_load(fixture->store, "state", &again, &fixture->error), STORE_ABSENT);
	assert_done(store_save(fixture->store, "state", document, &fixture->error), &fixture->error);
	assert_done(store_load(fixture->store, "state", &again, &fixture->error), &fixture->error);
	assert_true(json_equal(document, again));
	assert_done(store_remove(fixture->store, "state", &fixture->error), &fixture->error);
	json_decref(again);
	again = NULL;
	assert_int_equal(store_load(fixture->store, "state", &again, &fixture->error), STORE_ABSENT);
}

static void tells_whether_a_document_says_the_same(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_JSON json_t *document = json_pack("{s:i}", "generation", 3);
	CLEANUP_JSON json_t *other = json_pack("{s:i}", "generation", 4);

	assert_false(store_says(fixture->store, "state", document));
	assert_done(
		store_save_with_next(fixture->store, "state", document, &fixture->error), &fixture->error);
	assert_true(store_says(fixture->store, "state", document));
	assert_false(store_says(fixture->store, "state", other));
}

static void names_the_file_that_is_no_document(void **state)
{
	Fixture *fixture = *state;
	json_t *document = NULL;

	assert_done(file_replace(store_directory(fixture->store), "state.json",
			    bytes_of_text("{\"generation\": "), 0644, &fixture->error),
		&fixture->error);
	assert_fails(store_load(fixture->store, "state", &document, &fixture->error), &fixture->error,
		"/state.json: is not valid JSON");
}

static void keeps_staged_bytes_until_they_are_committed(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_CLOSE int fd = -1, again = -1, blob = -1;
	char text[8] = "";

	assert_done(store_open_staged(fixture->store, "part", &fd, &fixture->error), &fixture->error);
	assert_done(file_write_all(fd, bytes_of_text("abc"), "part", &fixture->error), &fixture->error);
	assert_done(store_open_staged(fixture->store, "part", &again, &fixture->error), &fixture->error);
	assert_int_equal(read(again, text, sizeof(text)), 3);
	assert_false(store_has_blob(fixture->store, STORE_IMAGE, &first));
	assert_done(store_commit_staged(fixture->store, "part", STORE_IMAGE, &first, &fixture->error),
		&fixture->error);
	assert_true(store_has_blob(fixture->store, STORE_IMAGE, &first));
	assert_done(store_open_blob(fixture->store, STORE_IMAGE, &first, &blob, &fixture->error),
		&fixture->error);
	assert_int_equal(read(blob, text, sizeof(text)), 3);
}

static void a_staged_file_can_be_opened_without_the_power_to_write(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_CLOSE int reading = -1;

	assert_fails(store_read_staged(fixture->store, "part", &reading, &fixture->error), &fixture->error,
		"cannot open");
	assert_done(store_open_staged(fixture->store, "part", &fd, &fixture->error), &fixture->error);
	assert_done(store_read_staged(fixture->store, "part", &reading, &fixture->error), &fixture->error);
	assert_int_equal(write(reading, "x", 1), -1);
	assert_int_equal(errno, EBADF);
}

static void refuses_staged_names_that_leave_the_folder(void **state)
{
	Fixture *fixture = *state;
	int fd = -1;

	assert_fails(store_open_staged(fixture->store, "../state.json", &fd, &fixture->error),
		&fixture->error, "is no name");
	assert_int_equal(fd, -1);
}

static Digest told;

static void note(const Digest *digest)
{
	told = *digest;
}

static void collects_only_what_nobody_keeps(void **state)
{
	Fixture *fixture = *state;

	assert_done(store_put_blob(fixture->store, STORE_IMAGE, &first, bytes_of_text("1"), &fixture->error),
		&fixture->error);
	assert_done(store_put_blob(fixture->store, STORE_IMAGE, &second, bytes_of_text("2"), &fixture->error),
		&fixture->error);
	assert_done(
		store_put_blob(fixture->store, STORE_VERITY, &second, bytes_of_text("3"), &fixture->error),
		&fixture->error);
	assert_done(store_collect(fixture->store, STORE_IMAGE, &first, 1, note, &fixture->error),
		&fixture->error);
	assert_true(digest_equal(&told, &second));
	assert_true(store_has_blob(fixture->store, STORE_IMAGE, &first));
	assert_false(store_has_blob(fixture->store, STORE_IMAGE, &second));
	assert_true(store_has_blob(fixture->store, STORE_VERITY, &second));
}

static void discards_one_blob_and_no_other(void **state)
{
	Fixture *fixture = *state;

	assert_done(store_put_blob(fixture->store, STORE_IMAGE, &first, bytes_of_text("1"), &fixture->error),
		&fixture->error);
	assert_done(store_put_blob(fixture->store, STORE_VERITY, &first, bytes_of_text("2"), &fixture->error),
		&fixture->error);
	for (int again = 0; again < 2; again++)
		assert_done(store_discard_blob(fixture->store, STORE_IMAGE, &first, &fixture->error),
			&fixture->error);
	assert_false(store_has_blob(fixture->store, STORE_IMAGE, &first));
	assert_true(store_has_blob(fixture->store, STORE_VERITY, &first));
}

static void lets_one_process_at_a_time_change_things(void **state)
{
	Fixture *fixture = *state;
	CLEANUP(store_free) Store *other = NULL;
	char pid[16];

	assert_done(store_lock(fixture->store, 0, &fixture->error), &fixture->error);
	assert_done(store_open(fixture->path, true, &other, &fixture->error), &fixture->error);
	assert_int_equal(store_lock(other, 60, &fixture->error), STORE_BUSY);
	(void)snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	assert_non_null(strstr(fixture->error.text, pid));
	fixture->store = store_free(fixture->store);
	assert_done(store_lock(other, 0, &fixture->error), &fixture->error);
}

static void keeps_a_lock_that_only_root_can_hold(void **state)
{
	Fixture *fixture = *state;
	int directory = store_directory(fixture->store);
	struct stat status;

	assert_done(
		file_replace(directory, "lock", bytes_of_text("1"), 0644, &fixture->error), &fixture->error);
	assert_done(store_lock(fixture->store, 0, &fixture->error), &fixture->error);
	assert_int_equal(fstatat(directory, "lock", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void sweeps_away_what_a_crash_left_half_written(void **state)
{
	Fixture *fixture = *state;
	int directory = store_directory(fixture->store);

	assert_done(file_replace(directory, "images/.x.00000000.tmp", bytes_of_text("half"), 0600,
			    &fixture->error),
		&fixture->error);
	assert_done(file_replace(directory, "images/x.erofs", bytes_of_text("whole"), 0600, &fixture->error),
		&fixture->error);
	assert_done(store_lock(fixture->store, 0, &fixture->error), &fixture->error);
	assert_int_equal(faccessat(directory, "images/.x.00000000.tmp", F_OK, 0), -1);
	assert_int_equal(faccessat(directory, "images/x.erofs", F_OK, 0), 0);
}

static void follows_nothing_that_stands_in_a_files_place(void **state)
{
	Fixture *fixture = *state;
	int directory = store_directory(fixture->store), fd = -1;
	char blob[STORE_NAME_SIZE];

	assert_done(file_replace(directory, "elsewhere", bytes_of_text("kept"), 0600, &fixture->error),
		&fixture->error);
	(void)store_blob_name(STORE_IMAGE, &first, blob);
	assert_int_equal(symlinkat("../elsewhere", directory, blob), 0);
	assert_int_equal(symlinkat("../elsewhere", directory, "staging/link"), 0);
	assert_false(store_has_blob(fixture->store, STORE_IMAGE, &first));
	assert_int_equal(store_open_blob(fixture->store, STORE_IMAGE, &first, &fd, &fixture->error), -1);
	assert_int_equal(store_open_staged(fixture->store, "link", &fd, &fixture->error), -1);
	(void)store_blob_name(STORE_IMAGE, &second, blob);
	assert_int_equal(mkfifoat(directory, blob, 0600), 0);
	assert_int_equal(mkfifoat(directory, "staging/fifo", 0600), 0);
	assert_false(store_has_blob(fixture->store, STORE_IMAGE, &second));
	assert_fails(store_open_blob(fixture->store, STORE_IMAGE, &second, &fd, &fixture->error),
		&fixture->error, "not a regular file");
	assert_fails(store_open_staged(fixture->store, "fifo", &fd, &fixture->error), &fixture->error,
		"not a regular file");
	assert_done(store_clear_staging(fixture->store, &fixture->error), &fixture->error);
	assert_int_equal(faccessat(directory, "elsewhere", F_OK, 0), 0);
}

static void clears_staging_and_keeps_the_folder(void **state)
{
	Fixture *fixture = *state;
	int directory = store_directory(fixture->store);
	CLEANUP_CLOSE int folder = openat(directory, "staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	assert_true(folder >= 0);
	assert_int_equal(mkdirat(folder, "tree", 0700), 0);
	assert_done(file_replace(folder, "tree/file", bytes_of_text("x"), 0600, &fixture->error),
		&fixture->error);
	assert_done(file_replace(folder, "half", bytes_of_text("x"), 0600, &fixture->error), &fixture->error);
	assert_done(store_clear_staging(fixture->store, &fixture->error), &fixture->error);
	assert_int_equal(faccessat(folder, "tree", F_OK, 0), -1);
	assert_int_equal(faccessat(folder, "half", F_OK, 0), -1);
	/* A folder that was removed has no link. */
	assert_int_equal(fstat(folder, &status), 0);
	assert_true(status.st_nlink > 0);

	assert_int_equal(unlinkat(directory, "staging", AT_REMOVEDIR), 0);
	assert_done(store_clear_staging(fixture->store, &fixture->error), &fixture->error);
	assert_int_equal(faccessat(directory, "staging", F_OK, 0), 0);
}

static void refuses_a_state_that_others_may_write_to(void **state)
{
	Fixture *fixture = *state;
	int directory = store_directory(fixture->store);
	Store *again = NULL;

	assert_int_equal(fchmodat(directory, "images", 0775, 0), 0);
	assert_fails(store_open(fixture->path, true, &again, &fixture->error), &fixture->error,
		"/images: run \"chmod go-w");
	assert_int_equal(fchmodat(directory, "images", 0755, 0), 0);
	assert_int_equal(chmod(fixture->path, 01777), 0);
	assert_fails(store_open(fixture->path, true, &again, &fixture->error), &fixture->error, "chmod go-w");
	assert_fails(
		store_open(fixture->path, false, &again, &fixture->error), &fixture->error, "chmod go-w");
	assert_int_equal(chmod(fixture->path, 0755), 0);
	assert_done(store_open(fixture->path, true, &again, &fixture->error), &fixture->error);
	again = store_free(again);
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchownat(directory, "staging", 65534, 65534, 0), 0);
	assert_fails(store_open(fixture->path, true, &again, &fixture->error), &fixture->error,
		"/staging belongs to the user 65534");
}

static void sets_a_document_aside(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_JSON json_t *document = NULL;
	int directory = store_directory(fixture->store);

	assert_done(file_replace(directory, "history.json", bytes_of_text("{"), 0644, &fixture->error),
		&fixture->error);
	assert_done(store_set_aside(fixture->store, "history", &fixture->error), &fixture->error);
	assert_int_equal(store_load(fixture->store, "history", &document, &fixture->error), STORE_ABSENT);
	assert_int_equal(faccessat(directory, "history.json.damaged", F_OK, 0), 0);
}

static void refuses_a_folder_that_is_a_symlink(void **state)
{
	Fixture *fixture = *state;
	int directory = store_directory(fixture->store);
	Store *again = NULL;

	assert_int_equal(renameat(directory, "staging", directory, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", directory, "staging"), 0);
	assert_fails(store_open(fixture->path, true, &again, &fixture->error), &fixture->error, "/staging: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_when_there_is_no_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gives_back_the_document_that_was_saved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_whether_a_document_says_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_the_file_that_is_no_document, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			keeps_staged_bytes_until_they_are_committed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_staged_file_can_be_opened_without_the_power_to_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			refuses_staged_names_that_leave_the_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(collects_only_what_nobody_keeps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(discards_one_blob_and_no_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lets_one_process_at_a_time_change_things, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_a_lock_that_only_root_can_hold, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			sweeps_away_what_a_crash_left_half_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			follows_nothing_that_stands_in_a_files_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(clears_staging_and_keeps_the_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_a_state_that_others_may_write_to, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sets_a_document_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_a_folder_that_is_a_symlink, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
