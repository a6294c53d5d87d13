/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/state.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/fixture.h"

static void starts_at_the_base(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_STATE State state = STATE_INIT;

	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	assert_int_equal(state.generation, 0);
	assert_int_equal(state.active.n, 0);
}

static void reads_back_what_was_saved(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_STATE State state = STATE_INIT;
	CLEANUP_STATE State again = STATE_INIT;
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
	Digest digest = fixture_manifest(fixture, "libx", 2);

	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	assert_done(improvements_put(&state.active, fixture->store, &digest, 1700000001, &fixture->error),
		&fixture->error);
	state.generation = state.last_generation = 7;
	state.transactions = 9;
	assert_done(state_note_generation(&state, 7, &state.active, &fixture->error), &fixture->error);
	assert_done(state_save(fixture->store, &state, &fixture->error), &fixture->error);
	assert_done(state_load(fixture->store, &again, &fixture->error), &fixture->error);
	assert_int_equal(again.generation, 7);
	assert_int_equal(again.transactions, 9);
	assert_true(improvements_equal(&state.active, &again.active));
	assert_int_equal(again.active.items[0].installed, 1700000001);
	assert_done(state_generation_set(&again, fixture->store, 7, &set, &fixture->error), &fixture->error);
	assert_true(improvements_equal(&again.active, &set));
}

static void forgets_generations_that_are_not_mounted_any_more(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_STATE State state = STATE_INIT;
	Improvements none = IMPROVEMENTS_INIT;
	const uint64_t kept[] = {2, 5};

	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	assert_done(state_note_generation(&state, 1, &none, &fixture->error), &fixture->error);
	assert_done(state_note_generation(&state, 2, &none, &fixture->error), &fixture->error);
	assert_done(state_forget_generations(&state, kept, 2, &fixture->error), &fixture->error);
	assert_int_equal(json_object_size(state.generations), 1);
	assert_non_null(json_object_get(state.generations, "2"));
}

static void knows_what_no_generation_is_from_what_holds_nothing(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_STATE State state = STATE_INIT;
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
	Improvements none = IMPROVEMENTS_INIT;

	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	assert_done(state_note_generation(&state, 4, &none, &fixture->error), &fixture->error);
	assert_int_equal(state_generation_set(&state, fixture->store, 4, &set, &fixture->error), 0);
	assert_int_equal(state_generation_set(&state, fixture->store, 5, &set, &fixture->error),
		STATE_UNKNOWN_GENERATION);
	assert_int_equal(json_object_set_new(state.generations, "5", json_true()), 0);
	assert_fails(state_generation_set(&state, fixture->store, 5, &set, &fixture->error), &fixture->error,
		"generation 5 is damaged");
}

static void learns_of_generations_only_what_it_does_not_know(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_STATE State state = STATE_INIT;
	CLEANUP_IMPROVEMENTS Improvements known = IMPROVEMENTS_INIT, learned = IMPROVEMENTS_INIT;
	Digest digest = fixture_manifest(fixture, "libx", 1);
	Improvements none = IMPROVEMENTS_INIT;
	char hex[DIGEST_HEX_SIZE];
	CLEANUP_JSON json_t *said = json_pack("{s:[s], s:[s], s:[]}", "3", digest_to_hex(&digest, hex), "8",
		digest_to_hex(&digest, hex), "no number");

	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	assert_done(state_note_generation(&state, 3, &none, &fixture->error), &fixture->error);
	assert_int_equal(state.last_generation, 3);
	assert_done(state_learn_generations(&state, said, &fixture->error), &fixture->error);
	assert_int_equal(state.last_generation, 8);
	assert_int_equal(json_object_size(state.generations), 2);
	assert_done(
		state_generation_set(&state, fixture->store, 3, &known, &fixture->error), &fixture->error);
	assert_int_equal(known.n, 0);
	assert_done(
		state_generation_set(&state, fixture->store, 8, &learned, &fixture->error), &fixture->error);
	assert_int_equal(learned.n, 1);
}

static void remembers_a_generation_without_another_word(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_STATE State state = STATE_INIT, again = STATE_INIT;
	Improvements none = IMPROVEMENTS_INIT;

	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	state.generation = state.last_generation = 2;
	state.transactions = 6;
	assert_done(state_save(fixture->store, &state, &fixture->error), &fixture->error);
	state_remember_generation(fixture->store, 3, &none);
	assert_done(state_load(fixture->store, &again, &fixture->error), &fixture->error);
	assert_int_equal(again.generation, 2);
	assert_int_equal(again.transactions, 6);
	assert_int_equal(again.last_generation, 3);
	assert_non_null(json_object_get(again.generations, "3"));
}

static void refuses_a_document_that_was_damaged(void **userdata)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{"{}", "\"format\" is missing"},
		{"{\"format\": \"suture-state-9\"}", "does not know"},
		{"{\"format\": \"suture-state-1\", \"generation\": -1}", "\"generation\" is not between"},
		{"{\"format\": \"suture-state-1\", \"generation\": 3, \"last_generation\": 2}",
			"\"last_generation\""},
		{"{\"format\": \"suture-state-1\", \"generation\": 0, \"last_generation\": 0, "
		 "\"transactions\": 0, "
		 "\"active\": [{\"manifest\": \"00\"}], \"generations\": {}}",
			"\"manifest\""},
	};
	Fixture *fixture = *userdata;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_STATE State state = STATE_INIT;

		assert_done(file_replace(store_directory(fixture->store), "state.json",
				    bytes_of_text(cases[i].text), 0644, &fixture->error),
			&fixture->error);
		assert_fails(state_load(fixture->store, &state, &fixture->error), &fixture->error,
			cases[i].sentence);
		assert_non_null(strstr(fixture->error.text, "/state.json"));
	}
}

/* The publisher may have issued another manifest of the letter since. */
static void learns_the_image_that_an_earlier_version_put_into_quarantine(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_STATE State state = STATE_INIT;
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
	Digest digest = fixture_manifest(fixture, "libx", 1);
	char hex[DIGEST_HEX_SIZE];

	assert_int_equal(
		text_format(&text, NULL,
			"{\"format\": \"suture-state-1\", \"generation\": 0, \"last_generation\": 0, "
			"\"transactions\": 0, \"active\": [], \"generations\": {}, \"quarantined\": "
			"[{\"component\": \"libx\", \"letter\": \"a\", \"manifest\": \"%s\", "
			"\"reason\": \"x\", \"time\": \"2026-11-24T06:35:07Z\"}]}",
			digest_to_hex(&digest, hex)),
		0);
	assert_done(file_replace(store_directory(fixture->store), "state.json", bytes_of_text(text), 0644,
			    &fixture->error),
		&fixture->error);
	assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
	assert_done(improvements_put(&set, fixture->store, &digest, 0, &fixture->error), &fixture->error);
	set.items[0].manifest_digest.bytes[0] ^= 1;
	assert_non_null(trial_find_quarantined(&state.trial, &set.items[0]));
}

static void leave_in_quarantine(Fixture *fixture, const char *component, const char *generation)
{
	CLEANUP_FREE char *text = NULL;
	char hex[DIGEST_HEX_SIZE];
	Digest lost = {{1}}, harmful = fixture_manifest(fixture, component, 1);

	assert_int_equal(
		text_format(&text, NULL,
			"{\"format\": \"suture-state-1\", \"generation\": %s, \"last_generation\": 7, "
			"\"transactions\": 9, \"active\": [{\"manifest\": \"%s\"}], \"generations\": {}, "
			"\"quarantined\": [{\"component\": \"%s\", \"letter\": \"a\", \"manifest\": \"%s\", "
			"\"reason\": \"x\", \"time\": \"2026-11-24T06:35:07Z\"}]}",
			generation, digest_to_hex(&lost, hex), component,
			digest_to_hex(&harmful, (char[DIGEST_HEX_SIZE]){0})),
		0);
	assert_done(file_replace(store_directory(fixture->store), "state.json", bytes_of_text(text), 0644,
			    &fixture->error),
		&fixture->error);
}

/* The next install would bring them again. */
static void keeps_what_did_harm_in_quarantine_when_it_mends(void **userdata)
{
	static const char *const generations[] = {"7", "\"damaged\""};
	Fixture *fixture = *userdata;

	for (size_t i = 0; i < ARRAY_SIZE(generations); i++) {
		CLEANUP_STATE State state = STATE_INIT;

		leave_in_quarantine(fixture, "libx", generations[i]);
		assert_fails(state_load(fixture->store, &state, &fixture->error), &fixture->error,
			"suture remove");
		assert_done(state_mend(fixture->store, &fixture->error), &fixture->error);
		assert_done(state_load(fixture->store, &state, &fixture->error), &fixture->error);
		assert_int_equal(state.active.n, 0);
		assert_int_equal(state.generation, 0);
		assert_int_equal(state.last_generation, i == 0 ? 7 : 0);
		assert_int_equal(state.trial.n_quarantined, 1);
		assert_string_equal(state.trial.quarantined[0].component, "libx");
	}
}

static void refuses_a_manifest_that_was_changed_in_the_store(void **userdata)
{
	Fixture *fixture = *userdata;
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
	Digest digest = fixture_manifest(fixture, "libx", 1);

	assert_done(
		store_put_blob(fixture->store, STORE_MANIFEST, &digest, bytes_of_text("{}"), &fixture->error),
		&fixture->error);
	assert_fails(improvements_put(&set, fixture->store, &digest, 0, &fixture->error), &fixture->error,
		"was changed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_at_the_base, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(reads_back_what_was_saved, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			forgets_generations_that_are_not_mounted_any_more, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(knows_what_no_generation_is_from_what_holds_nothing,
			fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			learns_of_generations_only_what_it_does_not_know, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			remembers_a_generation_without_another_word, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			refuses_a_document_that_was_damaged, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(learns_the_image_that_an_earlier_version_put_into_quarantine,
			fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			keeps_what_did_harm_in_quarantine_when_it_mends, fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(
			refuses_a_manifest_that_was_changed_in_the_store, fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
