/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/waiting.h"

#include <string.h>

#include "base/file.h"
#include "engine/fixture.h"

enum { RELEASED = 1700000000, DAY = 24 * 60 * 60 };

/* The fixture's directory is the root as well. */
static Engine engine_of(const Fixture *fixture)
{
	return (Engine){.store = fixture->store, .root_fd = store_directory(fixture->store)};
}

static Wait judge(Engine *engine, ManifestRollout rollout, const char *severity, int64_t now)
{
	char text[16];
	ManifestAdvisory advisory = {.severity = text};
	Manifest manifest = {
		.released = RELEASED, .rollout = rollout, .advisories = &advisory, .n_advisories = 1};
	Wait wait = {WAIT_FOR_PEOPLE, -1};
	Error error = ERROR_INIT;

	(void)snprintf(text, sizeof(text), "%s", severity);
	assert_done(waiting_judge(engine, &manifest, now, &wait, &error), &error);
	return wait;
}

static void assert_wait(Wait wait, WaitReason reason, int64_t until)
{
	assert_int_equal(wait.reason, reason);
	assert_int_equal(wait.until, until);
}

static void waits_for_its_turn_for_the_publisher_and_for_days(void **state)
{
	Engine engine = engine_of(*state);
	ManifestRollout all = {RELEASED, 0, 100, false}, none = {RELEASED, 0, 0, false};
	ManifestRollout later = {RELEASED + DAY, 0, 100, false};

	assert_wait(judge(&engine, all, "low", RELEASED), WAIT_FOR_NOTHING, 0);
	assert_wait(judge(&engine, none, "low", RELEASED), WAIT_FOR_PUBLISHER, 0);
	assert_wait(judge(&engine, later, "low", RELEASED), WAIT_FOR_TURN, RELEASED + DAY);
	engine.config.automatic.defer_days = 3;
	assert_wait(judge(&engine, all, "low", RELEASED), WAIT_FOR_DAYS, RELEASED + 3 * DAY);
	assert_wait(judge(&engine, all, "low", RELEASED + 3 * DAY), WAIT_FOR_NOTHING, 0);
	assert_wait(judge(&engine, none, "low", RELEASED), WAIT_FOR_PUBLISHER, 0);
}

static void waits_for_what_ends_last(void **state)
{
	Engine engine = engine_of(*state);

	engine.config.automatic.defer_days = 3;
	assert_wait(judge(&engine, (ManifestRollout){RELEASED + 2 * DAY, 0, 100, false}, "low", RELEASED),
		WAIT_FOR_DAYS, RELEASED + 3 * DAY);
	assert_wait(judge(&engine, (ManifestRollout){RELEASED + 4 * DAY, 0, 100, false}, "low", RELEASED),
		WAIT_FOR_TURN, RELEASED + 4 * DAY);
}

static void urgent_waits_neither_for_days_nor_turn_and_critical_not_for_days(void **state)
{
	Engine engine = engine_of(*state);
	ManifestRollout all = {RELEASED, 0, 100, false}, none = {RELEASED, 0, 0, false};

	engine.config.automatic.defer_days = 3;
	assert_wait(judge(&engine, (ManifestRollout){RELEASED + DAY, 9, 0, true}, "low", RELEASED),
		WAIT_FOR_NOTHING, 0);
	assert_wait(judge(&engine, all, "critical", RELEASED), WAIT_FOR_NOTHING, 0);
	assert_wait(judge(&engine, none, "critical", RELEASED), WAIT_FOR_PUBLISHER, 0);
}

static void what_is_saved_loads_the_same(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_WAITING Waiting waiting = {NULL, 0}, again = {NULL, 0};
	Manifest manifest = {
		.component = (char[]){"libx"}, .base_version = (char[]){"1.0-1"}, .sequence = 28};
	Digest digest = {{1, 2, 3}};
	Error error = ERROR_INIT;

	for (WaitReason reason = WAIT_FOR_NOTHING; reason <= WAIT_FOR_PEOPLE; reason++)
		assert_done(waiting_add(&waiting, &manifest, &digest,
				    (Wait){reason, reason == WAIT_FOR_TURN ? RELEASED : 0}, &error),
			&error);
	assert_done(waiting_load(fixture->store, &again, &error), &error);
	assert_int_equal(again.n, 0);
	assert_done(waiting_save(fixture->store, &waiting, &error), &error);
	assert_done(waiting_load(fixture->store, &again, &error), &error);
	assert_int_equal(again.n, waiting.n);
	for (size_t i = 0; i < again.n; i++) {
		assert_string_equal(again.items[i].component, "libx");
		assert_string_equal(again.items[i].base_version, "1.0-1");
		assert_int_equal(again.items[i].sequence, 28);
		assert_true(digest_equal(&again.items[i].manifest, &digest));
		assert_wait(again.items[i].wait, waiting.items[i].wait.reason, waiting.items[i].wait.until);
	}
}

static void a_damaged_document_is_an_error_that_names_it(void **state)
{
	static const char *const damaged[] = {"{", "{}", "{\"items\": [1]}",
		"{\"items\": [{\"component\": \"x\", \"letter\": \"a\", \"base_version\": \"1\", "
		"\"manifest\": "
		"\"0000000000000000000000000000000000000000000000000000000000000000\", "
		"\"reason\": \"mood\"}]}"};
	Fixture *fixture = *state;
	CLEANUP_WAITING Waiting waiting = {NULL, 0};
	Error error = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		assert_done(file_replace(store_directory(fixture->store), "waiting.json",
				    bytes_of_text(damaged[i]), 0644, &error),
			&error);
		assert_fails(waiting_load(fixture->store, &waiting, &error), &error, "waiting.json");
		assert_null(waiting.items);
	}
}

static void people_read_a_sentence_with_the_time(void **state)
{
	CLEANUP_JSON json_t *object = json_object();
	Wait wait = {WAIT_FOR_TURN, RELEASED};
	Error error = ERROR_INIT;

	(void)state;
	assert_done(waiting_put(object, &wait, &error), &error);
	assert_string_equal(json_string_value(json_object_get(object, "why")),
		"its rollout reaches this device at 2023-11-14T22:13:20Z");
	assert_string_equal(json_string_value(json_object_get(object, "reason")), "rollout");
	assert_string_equal(json_string_value(json_object_get(object, "until")), "2023-11-14T22:13:20Z");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waits_for_its_turn_for_the_publisher_and_for_days),
		TEST(waits_for_what_ends_last),
		TEST(urgent_waits_neither_for_days_nor_turn_and_critical_not_for_days),
		TEST(what_is_saved_loads_the_same),
		TEST(a_damaged_document_is_an_error_that_names_it),
		TEST(people_read_a_sentence_with_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
