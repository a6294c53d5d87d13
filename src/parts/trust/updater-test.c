/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/updater.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/test.h"
#include "parts/trust/fixture-world.h"

static void asks_for_everything_once_and_stores_the_exact_bytes(void **state)
{
	FixtureWorld *world = *state;

	assert_done(fixture_world_refresh(world), &world->error);
	assert_string_equal(world->asked, "2.root.json timestamp.json 1.snapshot.json 1.targets.json ");
	assert_string_equal(world->stored, "timestamp.json snapshot.json targets.json ");
	assert_true(bytes_equal(buffer_bytes(fixture_get(&world->server, "1.targets.json")),
		buffer_bytes(fixture_get(&world->device, "targets.json"))));
}

static void asks_for_nothing_that_it_knows(void **state)
{
	FixtureWorld *world = *state;

	assert_done(fixture_world_refresh(world), &world->error);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_string_equal(world->asked, "2.root.json timestamp.json ");
	assert_string_equal(world->stored, "");
	/* A newer timestamp of the same snapshot. */
	fixture_world_serve(world, "timestamp.json", fixture_timestamp(2, 1), &world->keys.timestamp);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_string_equal(world->asked, "2.root.json timestamp.json ");
	assert_string_equal(world->stored, "timestamp.json ");
}

static void the_same_updater_can_refresh_again(void **state)
{
	FixtureWorld *world = *state;

	assert_done(fixture_world_refresh(world), &world->error);
	fixture_world_serve_version(world, 2, fixture_targets(2), NULL);
	assert_done(updater_refresh(world->updater, &world->error), &world->error);
	assert_non_null(strstr(world->asked, "2.snapshot.json 2.targets.json "));
}

static void names_have_no_version_without_consistent_snapshots(void **state)
{
	FixtureWorld *world = *state;
	json_t *root = fixture_root(&world->keys, 1), *targets = fixture_targets(1);
	CLEANUP_FREE char *location = NULL;
	UpdaterTarget target;

	(void)json_object_del(root, "consistent_snapshot");
	fixture_put(&world->device, "root.json", fixture_sign(root, &world->keys.root));
	fixture_add_target(targets, "a/b", 1);
	fixture_world_serve(world, "targets.json", targets, &world->keys.targets);
	fixture_world_serve(world, "snapshot.json", fixture_snapshot(1, 1), &world->keys.snapshot);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_string_equal(world->asked, "2.root.json timestamp.json snapshot.json targets.json ");
	assert_done(updater_find(world->updater, "a/b", &target, &world->error), &world->error);
	assert_done(
		updater_target_location(world->updater, &target, &location, &world->error), &world->error);
	assert_string_equal(location, "a/b");
}

static void each_root_step_is_stored_before_the_next(void **state)
{
	FixtureWorld *world = *state;

	fixture_world_serve(world, "2.root.json", fixture_root(&world->keys, 2), &world->keys.root);
	fixture_world_serve(world, "3.root.json", fixture_root(&world->keys, 3), &world->keys.other);
	assert_fails(fixture_world_refresh(world), &world->error,
		"by the keys of root version 2: root metadata is signed by 0 of the 1 keys needed");
	assert_string_equal(world->asked, "2.root.json 3.root.json ");
	assert_true(bytes_equal(buffer_bytes(fixture_get(&world->server, "2.root.json")),
		buffer_bytes(fixture_get(&world->device, "root.json"))));
	fixture_drop(&world->server, "3.root.json");
	assert_done(fixture_world_refresh(world), &world->error);
	assert_non_null(strstr(world->asked, "3.root.json timestamp.json "));
}

static void a_server_that_is_away_is_not_the_end_of_the_root_chain(void **state)
{
	FixtureWorld *world = *state;

	world->broken = true;
	assert_fails(fixture_world_refresh(world), &world->error, "no route to the server");
	assert_string_equal(world->asked, "2.root.json ");
}

static void names_the_file_that_the_server_lacks(void **state)
{
	FixtureWorld *world = *state;

	fixture_drop(&world->server, "1.snapshot.json");
	assert_fails(fixture_world_refresh(world), &world->error, "the server has no 1.snapshot.json");
	assert_non_null(fixture_get(&world->device, "timestamp.json"));
}

static void a_rolled_back_server_is_refused_and_the_store_kept(void **state)
{
	FixtureWorld *world = *state;

	fixture_world_serve_version(world, 3, fixture_targets(3), NULL);
	assert_done(fixture_world_refresh(world), &world->error);
	fixture_world_serve_version(world, 2, fixture_targets(2), NULL);
	assert_fails(fixture_world_refresh(world), &world->error,
		"timestamp metadata is older (version 2) than what this device has seen (version 3)");
	assert_string_equal(world->stored, "");
}

static void tells_whether_the_server_had_news(void **state)
{
	FixtureWorld *world = *state;

	assert_int_equal(updater_news(fixture_world_start(world)), UPDATER_NO_NEWS);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_int_equal(updater_news(world->updater), UPDATER_NEWER);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_int_equal(updater_news(world->updater), UPDATER_SAME);
	fixture_world_serve_version(world, 3, fixture_targets(3), NULL);
	assert_done(updater_refresh(world->updater, &world->error), &world->error);
	assert_int_equal(updater_news(world->updater), UPDATER_NEWER);
	fixture_world_serve_version(world, 2, fixture_targets(2), NULL);
	assert_int_equal(updater_refresh(world->updater, &world->error), -1);
	assert_int_equal(updater_news(world->updater), UPDATER_OLDER);
	world->broken = true;
	assert_int_equal(updater_refresh(world->updater, &world->error), -1);
	assert_int_equal(updater_news(world->updater), UPDATER_NO_NEWS);
}

static void the_first_role_to_expire_decides(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1);

	assert_done(json_put_text(targets, "expires", "2026-10-01T00:00:00Z", &world->error), &world->error);
	fixture_world_serve_version(world, 1, targets, NULL);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_int_equal(updater_expires(world->updater), 1790812800);
}

static void a_frozen_server_is_refused_when_its_timestamp_expires(void **state)
{
	FixtureWorld *world = *state;
	json_t *timestamp = fixture_timestamp(2, 1);

	assert_done(json_put_text(timestamp, "expires", FIXTURE_EXPIRED, &world->error), &world->error);
	fixture_world_serve(world, "timestamp.json", timestamp, &world->keys.timestamp);
	assert_fails(fixture_world_refresh(world), &world->error,
		"timestamp metadata expired on 2026-09-01T00:00:00Z");
	assert_string_equal(world->stored, "");
}

static void recovers_from_a_fast_forward_when_the_keys_are_replaced(void **state)
{
	FixtureWorld *world = *state;
	Fixture next;

	/* Whoever had the keys published absurd versions. */
	fixture_world_serve(
		world, "timestamp.json", fixture_timestamp(1000000, 1000000), &world->keys.timestamp);
	fixture_world_serve(
		world, "1000000.snapshot.json", fixture_snapshot(1000000, 1), &world->keys.snapshot);
	assert_done(fixture_world_refresh(world), &world->error);
	fixture_make(&next);
	fixture_key_clear(&next.root);
	next.root = world->keys.root;
	next.root.object = json_incref(next.root.object);
	(void)EVP_PKEY_up_ref(next.root.pair);
	fixture_world_serve(world, "2.root.json", fixture_root(&next, 2), &world->keys.root);
	fixture_world_serve(world, "timestamp.json", fixture_timestamp(2, 2), &next.timestamp);
	fixture_world_serve(world, "2.snapshot.json", fixture_snapshot(2, 2), &next.snapshot);
	fixture_world_serve(world, "2.targets.json", fixture_targets(2), &next.targets);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_string_equal(
		world->asked, "2.root.json 3.root.json timestamp.json 2.snapshot.json 2.targets.json ");
	fixture_clear(&next);
}

static void a_damaged_cache_is_as_good_as_none(void **state)
{
	FixtureWorld *world = *state;
	static const char *const names[] = {"timestamp.json", "snapshot.json", "targets.json"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_done(fixture_world_refresh(world), &world->error);
		((Buffer *)(uintptr_t)fixture_get(&world->device, names[i]))->data[60] ^= 1;
		assert_done(fixture_world_refresh(world), &world->error);
		assert_non_null(strstr(world->stored, names[i]));
	}
}

static void bounds_are_known_before_anything_is_fetched(void **state)
{
	FixtureWorld *world = *state;
	json_t *timestamp = fixture_timestamp(1, 1);
	json_t *entry = json_object_get(json_object_get(timestamp, "meta"), "snapshot.json");
	size_t size = fixture_get(&world->server, "1.snapshot.json")->size;

	assert_done(json_put_integer(entry, "length", (int64_t)size, &world->error), &world->error);
	fixture_world_serve(world, "timestamp.json", json_incref(timestamp), &world->keys.timestamp);
	fixture_drop(&world->server, "1.targets.json");
	fixture_put(&world->server, "1.snapshot.json",
		fixture_sign(fixture_snapshot(1, 1), &world->keys.snapshot));
	assert_int_equal(fixture_world_refresh(world), -1);
	assert_int_equal(world->last_max, 16 * 1024 * 1024);
	fixture_drop(&world->server, "1.snapshot.json");
	fixture_drop(&world->device, "snapshot.json");
	assert_fails(fixture_world_refresh(world), &world->error, "the server has no 1.snapshot.json");
	assert_int_equal(world->last_max, size);
	/* A parent that announces something absurd. */
	assert_done(json_put_integer(entry, "length", INT64_MAX, &world->error), &world->error);
	assert_done(json_put_integer(timestamp, "version", 2, &world->error), &world->error);
	fixture_world_serve(world, "timestamp.json", timestamp, &world->keys.timestamp);
	assert_fails(fixture_world_refresh(world), &world->error,
		"snapshot metadata is said to have 9223372036854775807");
	assert_string_equal(world->asked, "2.root.json timestamp.json ");
}

static void a_bad_stored_root_fails_without_a_request(void **state)
{
	FixtureWorld *world = *state;
	UpdaterIo io = fixture_world_io(world);

	fixture_put(
		&world->device, "root.json", fixture_sign(fixture_root(&world->keys, 1), &world->keys.other));
	assert_fails(updater_new(&io, FIXTURE_NOW, &world->updater, &world->error), &world->error,
		"the stored root: root metadata is signed by 0 of the 1 keys needed");
	fixture_drop(&world->device, "root.json");
	assert_fails(updater_new(&io, FIXTURE_NOW, &world->updater, &world->error), &world->error,
		"no root metadata is stored on this device");
	assert_string_equal(world->asked, "");
}

static void an_endless_root_chain_is_cut_and_continued_next_time(void **state)
{
	FixtureWorld *world = *state;

	world->endless_roots = true;
	assert_done(fixture_world_refresh(world), &world->error);
	assert_non_null(strstr(
		world->asked, "256.root.json 257.root.json timestamp.json 1.snapshot.json 1.targets.json "));
	world->endless_roots = false;
	assert_done(fixture_world_refresh(world), &world->error);
	assert_string_equal(world->asked, "258.root.json timestamp.json ");
}

static void load_works_from_the_store_alone(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1);
	UpdaterTarget target;

	assert_fails(updater_load(fixture_world_start(world), &world->error), &world->error,
		"no timestamp metadata is stored on this device");
	assert_int_equal(updater_expires(world->updater), 0);
	fixture_add_target(targets, "a", 7);
	fixture_world_serve_version(world, 1, targets, NULL);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_done(updater_load(fixture_world_start(world), &world->error), &world->error);
	assert_string_equal(world->asked, "");
	assert_done(updater_find(world->updater, "a", &target, &world->error), &world->error);
	assert_int_equal(target.length, 7);
	assert_int_equal(updater_expires(world->updater), 1793491200);
}

static void load_refuses_what_has_expired_or_is_damaged(void **state)
{
	FixtureWorld *world = *state;
	UpdaterIo io = fixture_world_io(world);

	assert_done(fixture_world_refresh(world), &world->error);
	world->updater = updater_free(world->updater);
	assert_done(
		updater_new(&io, FIXTURE_NOW + 400 * 86400, &world->updater, &world->error), &world->error);
	assert_fails(
		updater_load(world->updater, &world->error), &world->error, "metadata expired on 2026-11");
	((Buffer *)(uintptr_t)fixture_get(&world->device, "targets.json"))->data[60] ^= 1;
	assert_fails(
		updater_load(fixture_world_start(world), &world->error), &world->error, "targets metadata");
}

static void find_before_a_refresh_is_an_error(void **state)
{
	FixtureWorld *world = *state;
	UpdaterTarget target;

	assert_fails(updater_find(fixture_world_start(world), "a", &target, &world->error), &world->error,
		"wrong order");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, fixture_world_set_up, fixture_world_tear_down)
		PROMISE(asks_for_everything_once_and_stores_the_exact_bytes),
		PROMISE(asks_for_nothing_that_it_knows),
		PROMISE(the_same_updater_can_refresh_again),
		PROMISE(names_have_no_version_without_consistent_snapshots),
		PROMISE(each_root_step_is_stored_before_the_next),
		PROMISE(a_server_that_is_away_is_not_the_end_of_the_root_chain),
		PROMISE(names_the_file_that_the_server_lacks),
		PROMISE(a_rolled_back_server_is_refused_and_the_store_kept),
		PROMISE(tells_whether_the_server_had_news),
		PROMISE(the_first_role_to_expire_decides),
		PROMISE(a_frozen_server_is_refused_when_its_timestamp_expires),
		PROMISE(recovers_from_a_fast_forward_when_the_keys_are_replaced),
		PROMISE(a_damaged_cache_is_as_good_as_none),
		PROMISE(bounds_are_known_before_anything_is_fetched),
		PROMISE(a_bad_stored_root_fails_without_a_request),
		PROMISE(an_endless_root_chain_is_cut_and_continued_next_time),
		PROMISE(load_works_from_the_store_alone),
		PROMISE(load_refuses_what_has_expired_or_is_damaged),
		PROMISE(find_before_a_refresh_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
