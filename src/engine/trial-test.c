/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/trial.h"

#include <string.h>

#include "base/text.h"
#include "engine/fixture.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

typedef struct World {
	Fixture *fixture;
	Trial trial;
	Improvements active;
} World;

static int set_up(void **state)
{
	World *world = calloc(1, sizeof(*world));

	if (!world || fixture_set_up((void **)&world->fixture) < 0)
		return -1;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	World *world = *state;
	int r = fixture_tear_down((void **)&world->fixture);

	trial_clear(&world->trial);
	improvements_clear(&world->active);
	free(world);
	return r;
}

/* An install, as the commit tells the trial of it. */
static Digest install(World *world, const char *component, unsigned sequence, json_t *failed)
{
	Fixture *fixture = world->fixture;
	Digest digest = fixture_manifest(fixture, component, sequence);
	CLEANUP_IMPROVEMENTS Improvements former = IMPROVEMENTS_INIT;

	assert_done(
		improvements_copy(&world->active, fixture->store, &former, &fixture->error), &fixture->error);
	assert_done(improvements_put(&world->active, fixture->store, &digest, 1, &fixture->error),
		&fixture->error);
	assert_done(trial_settle(&world->trial, &former, &world->active, failed, &fixture->error),
		&fixture->error);
	return digest;
}

static TrialVerdict begin(World *world, const char *boot)
{
	return trial_begin(&world->trial, &world->active, boot);
}

static int complete(World *world, const char *boot, const char *failed_unit)
{
	CLEANUP_JSON json_t *failed = json_array();

	if (failed_unit)
		assert_int_equal(json_array_append_new(failed, json_string(failed_unit)), 0);
	return trial_complete(
		&world->trial, &world->active, &world->active, boot, failed, &world->fixture->error);
}

static const Quarantined *find_in(const Trial *trial, Fixture *fixture, const Digest *manifest)
{
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;

	assert_done(improvements_put(&set, fixture->store, manifest, 0, &fixture->error), &fixture->error);
	return trial_find_quarantined(trial, &set.items[0]);
}

static const Quarantined *find(const World *world, const Digest *manifest)
{
	return find_in(&world->trial, world->fixture, manifest);
}

static void nothing_is_on_trial_where_nothing_is_installed(void **state)
{
	World *world = *state;

	assert_int_equal(begin(world, "1"), TRIAL_OVER);
	assert_int_equal(complete(world, "1", NULL), TRIAL_NOT_ON);
}

static void counts_each_boot_once_before_anything_is_activated(void **state)
{
	World *world = *state;

	(void)install(world, "liba", 1, NULL);
	assert_int_equal(begin(world, "1"), TRIAL_COUNTED);
	assert_int_equal(begin(world, "1"), TRIAL_GOES_ON);
	assert_int_equal(world->trial.attempts, 1);
	assert_int_equal(begin(world, "2"), TRIAL_COUNTED);
	assert_int_equal(world->trial.attempts, 2);
}

static void a_complete_boot_proves_what_it_was_booted_with(void **state)
{
	World *world = *state;
	Digest digest = install(world, "liba", 1, NULL);

	assert_int_equal(begin(world, "1"), TRIAL_COUNTED);
	assert_false(trial_is_proven(&world->trial, &digest));
	assert_int_equal(complete(world, "1", NULL), 0);
	assert_true(trial_is_proven(&world->trial, &digest));
	assert_int_equal(world->trial.attempts, 0);
	assert_int_equal(begin(world, "2"), TRIAL_OVER);
}

/* What was installed since this boot began has not been through it. */
static void a_boot_that_was_not_counted_proves_nothing(void **state)
{
	World *world = *state;
	Digest second;

	(void)install(world, "liba", 1, NULL);
	assert_int_equal(complete(world, "1", NULL), TRIAL_NOT_ON);
	assert_int_equal(begin(world, "2"), TRIAL_COUNTED);
	assert_int_equal(complete(world, "1", NULL), TRIAL_NOT_ON);
	second = install(world, "libb", 1, NULL);
	assert_int_equal(complete(world, "2", NULL), TRIAL_NOT_ON);
	assert_false(trial_is_proven(&world->trial, &second));
}

static void gives_up_after_two_boots_what_no_boot_has_proven_and_keeps_the_rest(void **state)
{
	World *world = *state;
	Digest good = install(world, "liba", 1, NULL), bad;
	const Quarantined *found;

	assert_int_equal(begin(world, "1"), TRIAL_COUNTED);
	assert_int_equal(complete(world, "1", NULL), 0);
	bad = install(world, "libb", 2, NULL);
	assert_int_equal(begin(world, "2"), TRIAL_COUNTED);
	assert_int_equal(begin(world, "3"), TRIAL_COUNTED);
	assert_int_equal(begin(world, "4"), TRIAL_GIVEN_UP);
	assert_done(trial_give_up(&world->trial, &world->active, 1700000000, &world->fixture->error),
		&world->fixture->error);
	trial_drop_unproven(&world->trial, &world->active);
	assert_int_equal(world->active.n, 1);
	assert_true(digest_equal(&world->active.items[0].manifest_digest, &good));
	found = find(world, &bad);
	assert_non_null(found);
	assert_string_equal(found->component, "libb");
	assert_int_equal(found->sequence, 2);
	assert_string_equal(found->reason, "2 boots with it did not complete");
	assert_int_equal(begin(world, "4"), TRIAL_OVER);
}

static void a_newer_letter_begins_a_new_trial(void **state)
{
	World *world = *state;

	(void)install(world, "liba", 1, NULL);
	assert_int_equal(begin(world, "1"), TRIAL_COUNTED);
	assert_int_equal(begin(world, "2"), TRIAL_COUNTED);
	(void)install(world, "liba", 2, NULL);
	assert_int_equal(begin(world, "3"), TRIAL_COUNTED);
	assert_int_equal(world->trial.attempts, 1);
}

/* What a boot could not activate has not been through it; what was proven before stays so. */
static void proves_only_what_the_boot_has_shown(void **state)
{
	World *world = *state;
	Fixture *fixture = world->fixture;
	CLEANUP_IMPROVEMENTS Improvements shown = IMPROVEMENTS_INIT;
	Digest old = install(world, "liba", 1, NULL), seen, unseen;

	(void)begin(world, "1");
	assert_int_equal(complete(world, "1", NULL), 0);
	seen = install(world, "libb", 1, NULL);
	unseen = install(world, "libc", 1, NULL);
	assert_done(improvements_put(&shown, fixture->store, &seen, 1, &fixture->error), &fixture->error);
	assert_int_equal(trial_begin(&world->trial, &shown, "2"), TRIAL_COUNTED);
	assert_done(trial_complete(&world->trial, &world->active, &shown, "2", NULL, &fixture->error),
		&fixture->error);
	assert_true(trial_is_proven(&world->trial, &old));
	assert_true(trial_is_proven(&world->trial, &seen));
	assert_false(trial_is_proven(&world->trial, &unseen));
}

/* Who installs it in spite of that takes it out. */
static void quarantine_ends_when_the_letter_is_installed_again(void **state)
{
	World *world = *state;
	Digest digest = install(world, "liba", 1, NULL);

	(void)begin(world, "1");
	(void)begin(world, "2");
	assert_done(trial_give_up(&world->trial, &world->active, 1, &world->fixture->error),
		&world->fixture->error);
	(void)install(world, "liba", 2, NULL);
	assert_non_null(find(world, &digest));
	(void)install(world, "liba", 1, NULL);
	assert_null(find(world, &digest));
}

/* As a publisher does who changes its rollout, or withdraws another letter. */
static void a_manifest_that_is_issued_again_lifts_no_quarantine(void **state)
{
	World *world = *state;
	Improvement *item;

	(void)install(world, "liba", 1, NULL);
	item = &world->active.items[0];
	assert_done(trial_quarantine(&world->trial, item, "it crashed", 1, &world->fixture->error),
		&world->fixture->error);
	item->manifest_digest.bytes[0] ^= 1;
	assert_string_equal(trial_find_quarantined(&world->trial, item)->reason, "it crashed");
	assert_done(trial_quarantine(&world->trial, item, "again", 2, &world->fixture->error),
		&world->fixture->error);
	assert_int_equal(world->trial.n_quarantined, 1);
}

static void another_image_is_not_in_quarantine_whatever_its_letter(void **state)
{
	World *world = *state;
	Improvement *item;

	(void)install(world, "liba", 1, NULL);
	item = &world->active.items[0];
	assert_done(trial_quarantine(&world->trial, item, "it crashed", 1, &world->fixture->error),
		&world->fixture->error);
	item->manifest->image_digest.bytes[DIGEST_SIZE - 1] ^= 1;
	assert_null(trial_find_quarantined(&world->trial, item));
}

static void an_entry_of_an_earlier_version_holds_for_its_manifest(void **state)
{
	World *world = *state;
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_FREE char *text = NULL;
	char hex[DIGEST_HEX_SIZE];
	Digest digest = install(world, "liba", 1, NULL), other;

	other = install(world, "liba", 2, NULL);
	assert_int_equal(text_format(&text, NULL,
				 "{\"quarantined\": [{\"component\": \"liba\", \"letter\": \"a\", "
				 "\"manifest\": \"%s\", \"reason\": \"it crashed\", "
				 "\"time\": \"2026-11-24T06:35:07Z\"}]}",
				 digest_to_hex(&digest, hex)),
		0);
	assert_done(json_parse(bytes_of_text(text), 4096, &document, &world->fixture->error),
		&world->fixture->error);
	trial_clear(&world->trial);
	assert_done(trial_from_json(document, &world->trial, &world->fixture->error), &world->fixture->error);
	assert_string_equal(find(world, &digest)->reason, "it crashed");
	assert_null(find(world, &other));
}

static void only_a_unit_that_had_not_failed_before_holds_a_proof_back(void **state)
{
	World *world = *state;
	CLEANUP_JSON json_t *failed = json_pack("[s]", "old.service");

	(void)install(world, "liba", 1, failed);
	assert_int_equal(begin(world, "1"), TRIAL_COUNTED);
	assert_fails(complete(world, "1", "new.service"), &world->fixture->error, "new.service failed");
	assert_int_equal(world->trial.attempts, 1);
	assert_int_equal(begin(world, "2"), TRIAL_COUNTED);
	assert_int_equal(complete(world, "2", "old.service"), 0);
}

/* Units that fail under a letter on trial are no measure for the next one. */
static void what_fails_on_trial_does_not_become_usual(void **state)
{
	World *world = *state;
	CLEANUP_JSON json_t *none = json_array(), *failed = json_pack("[s]", "new.service");

	(void)install(world, "liba", 1, none);
	(void)install(world, "libb", 1, failed);
	assert_int_equal(begin(world, "1"), TRIAL_COUNTED);
	assert_fails(complete(world, "1", "new.service"), &world->fixture->error, "new.service failed");
}

static void says_why_the_last_boot_did_not_complete(void **state)
{
	World *world = *state;
	Digest digest = install(world, "liba", 1, NULL);

	(void)begin(world, "1");
	(void)begin(world, "2");
	(void)snprintf(world->trial.trouble, sizeof(world->trial.trouble), "x.service failed");
	assert_done(trial_give_up(&world->trial, &world->active, 1, &world->fixture->error),
		&world->fixture->error);
	assert_string_equal(
		find(world, &digest)->reason, "2 boots with it did not complete: x.service failed");
}

static void survives_the_way_through_json(void **state)
{
	World *world = *state;
	Fixture *fixture = world->fixture;
	CLEANUP_JSON json_t *document = json_object(), *failed = json_pack("[s]", "x.service"),
			    *failing = json_pack("[s]", "y.service");
	Digest bad = install(world, "liba", 1, failed), good;
	Trial again = {.proven = NULL};

	(void)begin(world, "1");
	(void)begin(world, "2");
	assert_done(
		trial_give_up(&world->trial, &world->active, 1700000000, &fixture->error), &fixture->error);
	trial_drop_unproven(&world->trial, &world->active);
	good = install(world, "libb", 1, NULL);
	(void)begin(world, "3");
	assert_int_equal(complete(world, "3", NULL), 0);
	(void)install(world, "libc", 1, failed);
	trial_settle_failing(&world->trial, failing);
	(void)begin(world, "4");
	assert_done(trial_to_json(&world->trial, document, &fixture->error), &fixture->error);
	assert_done(trial_from_json(document, &again, &fixture->error), &fixture->error);
	assert_int_equal(again.attempts, 1);
	assert_string_equal(again.boot, "4");
	assert_true(trial_is_proven(&again, &good));
	assert_int_equal(find_in(&again, fixture, &bad)->time, 1700000000);
	assert_true(json_equal(again.failed_units, failed));
	assert_true(json_equal(again.failing_units, failing));
	trial_clear(&again);
}

static void the_oldest_leaves_a_full_quarantine(void **state)
{
	World *world = *state;
	Digest first = {{0}}, last = {{0}};

	for (unsigned i = 0; i <= TRIAL_QUARANTINE_MAX; i++) {
		last = install(world, "liba", i + 1, NULL);
		first = i == 0 ? last : first;
		assert_done(trial_give_up(&world->trial, &world->active, 1, &world->fixture->error),
			&world->fixture->error);
	}
	assert_int_equal(world->trial.n_quarantined, TRIAL_QUARANTINE_MAX);
	assert_null(find(world, &first));
	assert_non_null(find(world, &last));
}

static void refuses_a_damaged_document(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{"{\"trial\": {}}", "\"attempts\" is missing"},
		{"{\"trial\": {\"attempts\": -1}}", "\"attempts\" is not between"},
		{"{\"trial\": {\"attempts\": 0, \"boot\": \"\", \"trouble\": \"\", \"proven\": [1]}}",
			"\"proven\" holds something else"},
		{"{\"quarantined\": [{\"component\": \"x\", \"letter\": \"?\"}]}", "\"quarantined\""},
		{"{\"quarantined\": [{\"component\": \"x\", \"letter\": \"a\", \"reason\": \"\", "
		 "\"manifest\": "
		 "\"" ZEROS "\", \"image\": \"00\", \"time\": \"2026-11-24T06:35:07Z\"}]}",
			"\"image\""},
	};
	World *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *document = NULL;
		Trial trial = {.proven = NULL};

		assert_done(json_parse(bytes_of_text(cases[i].text), 4096, &document, &world->fixture->error),
			&world->fixture->error);
		assert_fails(trial_from_json(document, &trial, &world->fixture->error),
			&world->fixture->error, cases[i].sentence);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_on_trial_where_nothing_is_installed),
		TEST(counts_each_boot_once_before_anything_is_activated),
		TEST(a_complete_boot_proves_what_it_was_booted_with),
		TEST(a_boot_that_was_not_counted_proves_nothing),
		TEST(gives_up_after_two_boots_what_no_boot_has_proven_and_keeps_the_rest),
		TEST(a_newer_letter_begins_a_new_trial),
		TEST(proves_only_what_the_boot_has_shown),
		TEST(quarantine_ends_when_the_letter_is_installed_again),
		TEST(a_manifest_that_is_issued_again_lifts_no_quarantine),
		TEST(another_image_is_not_in_quarantine_whatever_its_letter),
		TEST(an_entry_of_an_earlier_version_holds_for_its_manifest),
		TEST(only_a_unit_that_had_not_failed_before_holds_a_proof_back),
		TEST(what_fails_on_trial_does_not_become_usual),
		TEST(says_why_the_last_boot_did_not_complete),
		TEST(survives_the_way_through_json),
		TEST(the_oldest_leaves_a_full_quarantine),
		TEST(refuses_a_damaged_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
