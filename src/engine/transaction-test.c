/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/transaction.h"

#include <string.h>

#include "base/file.h"
#include "engine/fixture.h"

/* Set by the build: the documentation that shows the table. */
static const char architecture[] = ARCHITECTURE_MD;

static void is_the_table_that_the_documentation_shows(void **state)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;
	CLEANUP_FREE char *table = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&table, &size);

	(void)state;
	assert_non_null(out);
	transaction_print_table(out);
	assert_int_equal(fclose(out), 0);
	assert_done(file_read(-1, architecture, 1024 * 1024, &text, &error), &error);
	if (!strstr((char *)text.data, table))
		fail_msg("docs/architecture.md does not show this table:\n%s", table);
}

static void write_journal_with(
	Fixture *fixture, const char *reached, int generation, const Digest *goal, const char *more)
{
	char text[512], hex[DIGEST_HEX_SIZE];

	(void)snprintf(text, sizeof(text),
		"{\"format\": \"suture-journal-1\", \"state\": \"%s\", \"generation\": %d, \"transaction\": "
		"1, "
		"\"started\": \"2026-11-24T06:35:07Z\", \"goal\": [{\"manifest\": \"%s\"}]%s}",
		reached, generation, digest_to_hex(goal, hex), more);
	assert_done(file_replace(store_directory(fixture->store), "journal.json", bytes_of_text(text), 0644,
			    &fixture->error),
		&fixture->error);
}

static void write_journal(Fixture *fixture, const char *reached, int generation, const Digest *goal)
{
	write_journal_with(fixture, reached, generation, goal, "");
}

/* An engine on a root where nothing is mounted. */
static Engine engine_on(Fixture *fixture)
{
	assert_done(file_make_directories(
			    store_directory(fixture->store), "root/usr", 0755, NULL, &fixture->error),
		&fixture->error);
	return (Engine){.store = fixture->store, .root_fd = -1};
}

static void forgets_a_run_that_was_cut_off_before_the_swap(void **state)
{
	static const char *const reached[] = {"checked", "fetched", "rebuilt", "verified", "staged"};
	Fixture *fixture = *state;
	Digest goal = fixture_manifest(fixture, "libx", 1);

	for (size_t i = 0; i < ARRAY_SIZE(reached); i++) {
		CLEANUP_STATE State after = STATE_INIT;
		CLEANUP_JSON json_t *journal = NULL;
		Engine engine = engine_on(fixture);
		CLEANUP_FREE char *root = NULL;

		assert_true(asprintf(&root, "%s/root", fixture->path) > 0);
		engine.root = root;
		write_journal(fixture, reached[i], 1, &goal);
		assert_done(transaction_recover(&engine, &fixture->error), &fixture->error);
		assert_int_equal(
			store_load(fixture->store, "journal", &journal, &fixture->error), STORE_ABSENT);
		assert_done(state_load(fixture->store, &after, &fixture->error), &fixture->error);
		assert_int_equal(after.active.n, 0);
	}
}

static void assert_finishes(Fixture *fixture, const char *reached)
{
	Digest goal = fixture_manifest(fixture, "libx", 1);
	CLEANUP_STATE State after = STATE_INIT;
	CLEANUP_JSON json_t *journal = NULL;
	Engine engine = engine_on(fixture);
	CLEANUP_FREE char *root = NULL;

	assert_true(asprintf(&root, "%s/root", fixture->path) > 0);
	engine.root = root;
	/* Nothing is mounted: usr shows generation 0, so a journal that says 0 describes a swap that
	 * happened. */
	write_journal(fixture, reached, 0, &goal);
	assert_done(transaction_recover(&engine, &fixture->error), &fixture->error);
	assert_int_equal(store_load(fixture->store, "journal", &journal, &fixture->error), STORE_ABSENT);
	assert_done(state_load(fixture->store, &after, &fixture->error), &fixture->error);
	assert_int_equal(after.active.n, 1);
	assert_int_equal(after.transactions, 1);
}

static void finishes_a_run_whose_generation_is_what_usr_shows(void **state)
{
	assert_finishes(*state, "staged");
}

static void finishes_a_run_that_an_earlier_version_began(void **state)
{
	assert_finishes(*state, "restarted");
}

/* The cut came between the state and the end of the journal. */
static void keeps_the_time_of_a_commit_that_is_repeated(void **userdata)
{
	Fixture *fixture = *userdata;
	Digest goal = fixture_manifest(fixture, "libx", 1);
	CLEANUP_STATE State state = STATE_INIT, after = STATE_INIT;
	Engine engine = engine_on(fixture);
	CLEANUP_FREE char *root = NULL;

	assert_true(asprintf(&root, "%s/root", fixture->path) > 0);
	engine.root = root;
	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	assert_done(improvements_put(&state.active, fixture->store, &goal, 1700000001, &fixture->error),
		&fixture->error);
	state.transactions = 1;
	assert_done(state_save(fixture->store, &state, &fixture->error), &fixture->error);
	write_journal(fixture, "staged", 0, &goal);
	assert_done(transaction_recover(&engine, &fixture->error), &fixture->error);
	assert_done(state_load(fixture->store, &after, &fixture->error), &fixture->error);
	assert_int_equal(after.active.n, 1);
	assert_int_equal(after.active.items[0].installed, 1700000001);
}

/* The machine went down before anybody could note it: the boot has shown what the state names. */
static void puts_into_quarantine_what_a_check_had_refused(void **state)
{
	Fixture *fixture = *state;
	Digest goal = fixture_manifest(fixture, "libx", 1);
	CLEANUP_STATE State after = STATE_INIT;
	CLEANUP_JSON json_t *journal = NULL;
	Engine engine = engine_on(fixture);
	CLEANUP_FREE char *root = NULL;

	assert_true(asprintf(&root, "%s/root", fixture->path) > 0);
	engine.root = root;
	write_journal_with(fixture, "activated", 1, &goal,
		", \"checked\": false, \"reason\": \"the check 10-x failed: no\"");
	assert_done(transaction_recover(&engine, &fixture->error), &fixture->error);
	assert_int_equal(store_load(fixture->store, "journal", &journal, &fixture->error), STORE_ABSENT);
	assert_done(state_load(fixture->store, &after, &fixture->error), &fixture->error);
	assert_int_equal(after.active.n, 0);
	assert_int_equal(after.transactions, 1);
	assert_int_equal(after.trial.n_quarantined, 1);
	assert_string_equal(after.trial.quarantined[0].reason, "the check 10-x failed: no");
}

static void forgets_a_damaged_journal(void **state)
{
	Fixture *fixture = *state;
	Digest goal = fixture_manifest(fixture, "libx", 1);
	Engine engine = engine_on(fixture);
	CLEANUP_JSON json_t *journal = NULL;

	write_journal(fixture, "sideways", 1, &goal);
	assert_done(transaction_recover(&engine, &fixture->error), &fixture->error);
	assert_int_equal(store_load(fixture->store, "journal", &journal, &fixture->error), STORE_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_table_that_the_documentation_shows),
		cmocka_unit_test_setup_teardown(
			forgets_a_run_that_was_cut_off_before_the_swap, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			finishes_a_run_whose_generation_is_what_usr_shows, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			finishes_a_run_that_an_earlier_version_began, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			keeps_the_time_of_a_commit_that_is_repeated, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			puts_into_quarantine_what_a_check_had_refused, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(forgets_a_damaged_journal, fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
