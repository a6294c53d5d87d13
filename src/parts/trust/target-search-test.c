/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/target-search.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "parts/trust/fixture-world.h"

/* What the updater asked for behind the top-level roles. */
static const char *asked_for_roles(const FixtureWorld *world)
{
	const char *at = strstr(world->asked, ".targets.json ");

	return at ? at + strlen(".targets.json ") : world->asked;
}

/* A delegated role without delegations of its own, which lists one path (NULL: none). */
static json_t *leaf(const char *path)
{
	json_t *targets = fixture_targets(1);

	if (path)
		fixture_add_target(targets, path, 1);
	return targets;
}

static int find(FixtureWorld *world, const char *path)
{
	UpdaterTarget target;
	int done;

	assert_done(fixture_world_refresh(world), &world->error);
	done = updater_find(world->updater, path, &target, &world->error);
	if (done == 0)
		assert_string_equal(target.path, path);
	return done;
}

static void serve_role(FixtureWorld *world, const char *name, json_t *content)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "1.%s.json", name);
	fixture_world_serve(world, file, content, &world->keys.other);
}

/* targets → A, B; A → C, D; every pattern is "*". */
static void serve_tree(FixtureWorld *world, bool c_terminates)
{
	json_t *targets = fixture_targets(1), *a = fixture_targets(1);
	const FixtureKey *key = &world->keys.other;

	fixture_delegate(targets, "A", key, "*", false);
	fixture_delegate(targets, "B", key, "*", false);
	fixture_delegate(a, "C", key, "*", c_terminates);
	fixture_delegate(a, "D", key, "*", false);
	fixture_world_serve_version(world, 1, targets, "A B C D");
	serve_role(world, "A", a);
	serve_role(world, "B", leaf("file"));
	serve_role(world, "C", leaf(NULL));
	serve_role(world, "D", leaf(NULL));
}

static void searches_depth_first_in_the_order_of_the_lists(void **state)
{
	FixtureWorld *world = *state;

	serve_tree(world, false);
	assert_done(find(world, "file"), &world->error);
	assert_string_equal(asked_for_roles(world), "1.A.json 1.C.json 1.D.json 1.B.json ");
	assert_int_equal(find(world, "missing"), UPDATER_ABSENT);
	assert_string_equal(world->error.text, "the repository has no target \"missing\"");
	/* All of them are in the store by now. */
	assert_string_equal(world->asked, "2.root.json timestamp.json ");
}

static void a_terminating_delegation_ends_the_whole_search(void **state)
{
	FixtureWorld *world = *state;

	serve_tree(world, true);
	assert_int_equal(find(world, "file"), UPDATER_ABSENT);
	assert_string_equal(asked_for_roles(world), "1.A.json 1.C.json ");
}

static void a_cycle_ends(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1), *a = fixture_targets(1), *b = fixture_targets(1);

	fixture_delegate(targets, "A", &world->keys.other, "*", false);
	fixture_delegate(a, "B", &world->keys.other, "*", false);
	fixture_delegate(b, "A", &world->keys.other, "*", false);
	fixture_world_serve_version(world, 1, targets, "A B");
	serve_role(world, "A", a);
	serve_role(world, "B", b);
	assert_int_equal(find(world, "missing"), UPDATER_ABSENT);
	assert_string_equal(asked_for_roles(world), "1.A.json 1.B.json ");
}

static void every_delegation_on_the_way_must_match(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1), *b = fixture_targets(1), *d = leaf("releases/y/1.zip");

	fixture_add_target(d, "releases/z/1.zip", 1);
	fixture_delegate(targets, "A", &world->keys.other, "*.md", false);
	fixture_delegate(targets, "B", &world->keys.other, "releases/*/*", false);
	fixture_delegate(b, "D", &world->keys.other, "releases/y/*.zip", false);
	fixture_world_serve_version(world, 1, targets, "A B D");
	serve_role(world, "B", b);
	serve_role(world, "D", d);
	assert_done(find(world, "releases/y/1.zip"), &world->error);
	assert_string_equal(asked_for_roles(world), "1.B.json 1.D.json ");
	assert_int_equal(find(world, "releases/z/1.zip"), UPDATER_ABSENT);
}

static void a_role_missing_from_the_snapshot_fails_without_a_request(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1);

	fixture_delegate(targets, "A", &world->keys.other, "*", false);
	fixture_world_serve_version(world, 1, targets, NULL);
	serve_role(world, "A", leaf("file"));
	assert_fails(
		find(world, "file"), &world->error, "the repository's snapshot does not list A metadata");
	assert_string_equal(asked_for_roles(world), "");
}

static void one_team_cannot_sign_for_another(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1);

	fixture_delegate(targets, "A", &world->keys.other, "*", false);
	fixture_world_serve_version(world, 1, targets, "A");
	fixture_world_serve(world, "1.A.json", leaf("file"), &world->keys.snapshot);
	assert_fails(find(world, "file"), &world->error, "A metadata is signed by 0 of the 1 keys needed");
	assert_null(fixture_get(&world->device, "A.json"));
}

static void hostile_role_names_stay_in_their_directory(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1);

	fixture_delegate(targets, "../../a%", &world->keys.other, "*", false);
	fixture_world_serve_version(world, 1, targets, "../../a%");
	serve_role(world, "..%2F..%2Fa%25", leaf("file"));
	assert_done(find(world, "file"), &world->error);
	assert_non_null(fixture_get(&world->device, "..%2F..%2Fa%25.json"));
}

static void too_many_roles_are_an_error_and_not_endless(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = fixture_targets(1);
	char name[16], names[512] = "";

	for (int i = 0; i < 70; i++) {
		(void)snprintf(name, sizeof(name), "r%d", i);
		fixture_delegate(targets, name, &world->keys.other, "*", false);
		(void)strcat(strcat(names, name), " ");
	}
	fixture_world_serve_version(world, 1, targets, names);
	for (int i = 0; i < 70; i++) {
		(void)snprintf(name, sizeof(name), "r%d", i);
		serve_role(world, name, leaf(NULL));
	}
	assert_fails(find(world, "missing"), &world->error, "leads through more than 64 roles");
	assert_non_null(strstr(world->asked, "1.r62.json "));
	assert_null(strstr(world->asked, "1.r63.json "));
}

typedef struct Seen {
	char paths[256];
	size_t stop_after;
} Seen;

static int see(void *userdata, const UpdaterTarget *target, Error *error)
{
	Seen *seen = userdata;

	(void)strcat(strcat(seen->paths, target->path), " ");
	return seen->stop_after > 0 && --seen->stop_after == 0 ? error_set(error, "seen enough") : 0;
}

static void each_visits_what_find_would_answer_in_path_order(void **state)
{
	FixtureWorld *world = *state;
	json_t *targets = leaf("debian/12/b"), *twelve = leaf("debian/12/c"), *thirteen = leaf("debian/13/a");
	Seen seen = {.stop_after = 0};

	fixture_add_target(targets, "fedora/x", 1);
	fixture_add_target(twelve, "debian/12/a", 1);
	fixture_add_target(twelve, "debian/12/b", 9);      /* the delegator's word comes first */
	fixture_add_target(twelve, "debian/12/x/deep", 1); /* not delegated to it */
	fixture_add_target(thirteen, "debian/12/d", 1);    /* nor is this */
	fixture_delegate(targets, "twelve", &world->keys.other, "debian/12/*", false);
	fixture_delegate(targets, "thirteen", &world->keys.other, "debian/13/*", true);
	fixture_world_serve_version(world, 1, targets, "twelve thirteen");
	serve_role(world, "twelve", twelve);
	serve_role(world, "thirteen", thirteen);
	assert_done(fixture_world_refresh(world), &world->error);
	assert_done(updater_each(world->updater, "debian/12/", see, &seen, &world->error), &world->error);
	assert_string_equal(seen.paths, "debian/12/a debian/12/b debian/12/c ");
	/* Whoever cannot speak below the prefix is not asked for. */
	assert_string_equal(asked_for_roles(world), "1.twelve.json ");
	seen = (Seen){.stop_after = 0};
	assert_done(updater_each(world->updater, "", see, &seen, &world->error), &world->error);
	assert_string_equal(seen.paths, "debian/12/a debian/12/b debian/12/c debian/13/a fedora/x ");
	seen = (Seen){.stop_after = 2};
	assert_fails(
		updater_each(world->updater, "", see, &seen, &world->error), &world->error, "seen enough");
	assert_string_equal(seen.paths, "debian/12/a debian/12/b ");
	seen = (Seen){.stop_after = 0};
	assert_done(updater_each(world->updater, "none/", see, &seen, &world->error), &world->error);
	assert_string_equal(seen.paths, "");
}

/* Serves a target "dir/a" of one byte with this digest, and looks it up. */
static int find_hashed(FixtureWorld *world, const char *algorithm, const char *digest, UpdaterTarget *ret)
{
	json_t *targets = fixture_targets(1);

	(void)json_object_set_new(json_object_get(targets, "targets"), "dir/a",
		json_pack("{s:i, s:{s:s}}", "length", 1, "hashes", algorithm, digest));
	fixture_world_serve_version(world, 1, targets, NULL);
	fixture_drop(&world->device, "targets.json");
	assert_done(fixture_world_refresh(world), &world->error);
	return updater_find(world->updater, "dir/a", ret, &world->error);
}

static void a_target_with_another_hash_than_sha256_is_named_and_checked_by_it(void **state)
{
	FixtureWorld *world = *state;
	static const char x[] = "a4abd4448c49562d828115d13a1fccea927f52b4d5459297f8b43e42da89238b"
				"c13626e43dcb38ddb082488927ec904fb42057443983e88585179d50551afe62";
	CLEANUP_FREE char *location = NULL;
	Digest none = {.bytes = {0}};
	UpdaterTarget target;

	assert_done(find_hashed(world, "sha512", x, &target), &world->error);
	assert_true(digest_equal(&target.digest, &none));
	assert_done(
		updater_target_location(world->updater, &target, &location, &world->error), &world->error);
	assert_memory_equal(location, "dir/a4abd4448c49562d", 20);
	assert_done(updater_target_check(&target, bytes_of_text("x"), &world->error), &world->error);
	assert_fails(updater_target_check(&target, bytes_of_text("y"), &world->error), &world->error,
		"its sha512 differs");
	assert_fails(updater_target_check(&target, bytes_of_text("xx"), &world->error), &world->error,
		"has 2 bytes where the signed metadata says 1");
}

static void a_target_without_a_known_hash_is_refused(void **state)
{
	UpdaterTarget target;
	FixtureWorld *world = *state;

	assert_fails(find_hashed(world, "blake9", "00", &target), &world->error,
		"target dir/a has no hash of a known algorithm");
	assert_fails(find_hashed(world, "sha256", "00", &target), &world->error, "target dir/a: field");
}

static void a_digest_that_leaves_the_directory_is_no_name(void **state)
{
	FixtureWorld *world = *state;
	CLEANUP_FREE char *location = NULL;
	UpdaterTarget target;

	assert_done(find_hashed(world, "sha512", "../../etc/passwd", &target), &world->error);
	assert_fails(updater_target_location(world->updater, &target, &location, &world->error),
		&world->error, "not hexadecimal");
}

static void delegated_roles_are_found_offline_when_they_are_stored(void **state)
{
	FixtureWorld *world = *state;
	UpdaterTarget target;

	serve_tree(world, false);
	assert_done(find(world, "file"), &world->error);
	assert_done(updater_load(fixture_world_start(world), &world->error), &world->error);
	assert_done(updater_find(world->updater, "file", &target, &world->error), &world->error);
	fixture_drop(&world->device, "B.json");
	assert_done(updater_load(fixture_world_start(world), &world->error), &world->error);
	assert_fails(updater_find(world->updater, "file", &target, &world->error), &world->error,
		"no B metadata is stored on this device");
	assert_string_equal(world->asked, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, fixture_world_set_up, fixture_world_tear_down)
		PROMISE(searches_depth_first_in_the_order_of_the_lists),
		PROMISE(a_terminating_delegation_ends_the_whole_search),
		PROMISE(a_cycle_ends),
		PROMISE(every_delegation_on_the_way_must_match),
		PROMISE(a_role_missing_from_the_snapshot_fails_without_a_request),
		PROMISE(one_team_cannot_sign_for_another),
		PROMISE(hostile_role_names_stay_in_their_directory),
		PROMISE(too_many_roles_are_an_error_and_not_endless),
		PROMISE(each_visits_what_find_would_answer_in_path_order),
		PROMISE(a_target_with_another_hash_than_sha256_is_named_and_checked_by_it),
		PROMISE(a_target_without_a_known_hash_is_refused),
		PROMISE(a_digest_that_leaves_the_directory_is_no_name),
		PROMISE(delegated_roles_are_found_offline_when_they_are_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
