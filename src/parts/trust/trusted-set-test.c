/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/trusted-set.h"

#include <string.h>

#include "base/json.h"
#include "base/test.h"
#include "parts/trust/fixture.h"

typedef struct World {
	Fixture keys;
	TrustedSet *set;
	Error error;
} World;

/* Signs content with key, hands it to an update function, and returns what that says. */
#define UPDATE(function, content, key, ...) \
	({ \
		CLEANUP_BUFFER Buffer file_ = fixture_sign(content, key); \
		function(world->set, buffer_bytes(&file_), ##__VA_ARGS__, &world->error); \
	})
#define ROOT(content) UPDATE(trusted_set_update_root, content, &world->keys.root)
#define TIMESTAMP(content) UPDATE(trusted_set_update_timestamp, content, &world->keys.timestamp)
#define SNAPSHOT(content) UPDATE(trusted_set_update_snapshot, content, &world->keys.snapshot, false)
#define LOCAL_SNAPSHOT(content) UPDATE(trusted_set_update_snapshot, content, &world->keys.snapshot, true)
#define TARGETS(content) UPDATE(trusted_set_update_targets, content, &world->keys.targets, "targets", "root")

static int begin(World *world, json_t *root)
{
	CLEANUP_BUFFER Buffer file = fixture_sign(root, &world->keys.root);

	world->set = trusted_set_free(world->set);
	return trusted_set_new(buffer_bytes(&file), FIXTURE_NOW, &world->set, &world->error);
}

static int set_up(void **state)
{
	World *world = calloc(1, sizeof(*world));

	fixture_make(&world->keys);
	assert_done(begin(world, fixture_root(&world->keys, 1)), &world->error);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	World *world = *state;

	(void)trusted_set_free(world->set);
	fixture_clear(&world->keys);
	free(world);
	return 0;
}

/* content with one field set to a text; takes and returns content. */
static json_t *with(json_t *content, const char *field, const char *text)
{
	assert_int_equal(json_put_text(content, field, text, NULL), 0);
	return content;
}

static json_t *expired(json_t *content)
{
	return with(content, "expires", FIXTURE_EXPIRED);
}

static void past_root(World *world)
{
	assert_done(trusted_set_finish_root(world->set, &world->error), &world->error);
}

static void past_timestamp(World *world)
{
	past_root(world);
	assert_done(TIMESTAMP(fixture_timestamp(5, 5)), &world->error);
}

static void past_snapshot(World *world)
{
	past_timestamp(world);
	assert_done(SNAPSHOT(fixture_snapshot(5, 5)), &world->error);
}

static void accepts_the_whole_chain(void **state)
{
	World *world = *state;

	past_snapshot(world);
	assert_done(TARGETS(fixture_targets(5)), &world->error);
	assert_non_null(trusted_set_targets(world->set, "targets"));
	assert_null(trusted_set_targets(world->set, "other"));
}

static void refuses_a_first_root_that_did_not_sign_itself(void **state)
{
	World *world = *state;
	CLEANUP_BUFFER Buffer file = fixture_sign(fixture_root(&world->keys, 1), &world->keys.other);
	TrustedSet *set = NULL;

	assert_fails(trusted_set_new(buffer_bytes(&file), FIXTURE_NOW, &set, &world->error), &world->error,
		"root metadata is signed by 0 of the 1 keys needed");
}

static void a_new_root_needs_the_old_and_the_new_keys(void **state)
{
	World *world = *state;
	Fixture next;

	fixture_make(&next);
	for (int signers = 0; signers < 3; signers++) {
		const FixtureKey *first = signers == 1 ? &next.root : &world->keys.root;
		const FixtureKey *second = signers == 2 ? &next.root : NULL;
		CLEANUP_BUFFER Buffer file = fixture_sign_twice(fixture_root(&next, 2), first, second);
		int done = trusted_set_update_root(world->set, buffer_bytes(&file), &world->error);

		if (signers == 2)
			assert_done(done, &world->error);
		else
			assert_fails(trusted_set_update_root(world->set, buffer_bytes(&file), &world->error),
				&world->error,
				signers == 0 ? "by its own keys: root metadata is signed by 0 of the 1"
					     : "by the keys of root version 1: root metadata is signed by 0");
	}
	fixture_clear(&next);
}

static void a_new_root_has_exactly_the_next_version(void **state)
{
	World *world = *state;

	assert_fails(ROOT(fixture_root(&world->keys, 1)), &world->error, "version 1 where the one after 1");
	assert_fails(ROOT(fixture_root(&world->keys, 3)), &world->error, "version 3 where the one after 1");
	assert_done(ROOT(fixture_root(&world->keys, 2)), &world->error);
	assert_int_equal(trusted_set_root(world->set)->metadata.version, 2);
}

static void root_versions_never_wrap(void **state)
{
	World *world = *state;

	assert_done(begin(world, fixture_root(&world->keys, INT64_MAX)), &world->error);
	assert_fails(ROOT(fixture_root(&world->keys, 1)), &world->error, "the one after 9223372036854775807");
}

static void only_the_last_root_must_not_have_expired(void **state)
{
	World *world = *state;

	assert_done(begin(world, expired(fixture_root(&world->keys, 1))), &world->error);
	assert_done(ROOT(expired(fixture_root(&world->keys, 2))), &world->error);
	assert_fails(trusted_set_finish_root(world->set, &world->error), &world->error,
		"the repository's root metadata expired on 2026-09-01T00:00:00Z: the server is stale or the "
		"clock is wrong");
	assert_done(ROOT(fixture_root(&world->keys, 3)), &world->error);
	assert_done(trusted_set_finish_root(world->set, &world->error), &world->error);
	assert_fails(ROOT(fixture_root(&world->keys, 4)), &world->error, "wrong order");
}

static void metadata_expires_at_its_very_second(void **state)
{
	World *world = *state;

	past_root(world);
	assert_int_equal(
		TIMESTAMP(with(fixture_timestamp(1, 1), "expires", "2026-09-21T14:13:20Z")), TRUSTED_EXPIRED);
	assert_done(
		TIMESTAMP(with(fixture_timestamp(2, 1), "expires", "2026-09-21T14:13:21Z")), &world->error);
}

static void refuses_metadata_of_another_type(void **state)
{
	World *world = *state;

	past_root(world);
	assert_fails(TIMESTAMP(with(fixture_timestamp(1, 1), "_type", "snapshot")), &world->error,
		"timestamp metadata: _type is \"snapshot\" where \"timestamp\" belongs");
}

static void refuses_other_versions_of_the_specification(void **state)
{
	static const char *const bad[] = {
		"2.0.0", "1", "1.", "1.0.", "1.a", "10.0", "1.0.0.0", "", " 1.0", "1.0 "};
	World *world = *state;

	past_root(world);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(TIMESTAMP(with(fixture_timestamp(1, 1), "spec_version", bad[i])), &world->error,
			"is not a version 1 of the specification");
	assert_done(TIMESTAMP(with(fixture_timestamp(1, 1), "spec_version", "1.99")), &world->error);
}

static void refuses_versions_below_one_and_beyond_its_integers(void **state)
{
	World *world = *state;
	static const char huge[] = "{\"signatures\":[],\"signed\":{\"version\":18446744073709551617}}";

	past_root(world);
	assert_fails(
		TIMESTAMP(fixture_timestamp(0, 1)), &world->error, "field \"version\" is not between 1 and");
	assert_fails(TIMESTAMP(fixture_timestamp(-1, 1)), &world->error, "field \"version\"");
	assert_fails(TIMESTAMP(fixture_timestamp(1, 0)), &world->error, "field \"version\"");
	assert_fails(trusted_set_update_timestamp(world->set, bytes_of_text(huge), &world->error),
		&world->error, "integer");
}

static void refuses_signatures_that_repeat_a_key_id(void **state)
{
	World *world = *state;
	CLEANUP_BUFFER Buffer file =
		fixture_sign_twice(fixture_timestamp(1, 1), &world->keys.timestamp, &world->keys.timestamp);

	past_root(world);
	assert_fails(trusted_set_update_timestamp(world->set, buffer_bytes(&file), &world->error),
		&world->error, "signed twice");
}

static void a_threshold_of_two_needs_two_keys(void **state)
{
	World *world = *state;
	json_t *root = fixture_root(&world->keys, 1);

	fixture_add_key(root, "timestamp", &world->keys.other);
	assert_done(json_put_integer(json_object_get(json_object_get(root, "roles"), "timestamp"),
			    "threshold", 2, &world->error),
		&world->error);
	assert_done(begin(world, root), &world->error);
	past_root(world);
	assert_fails(TIMESTAMP(fixture_timestamp(1, 1)), &world->error, "signed by 1 of the 2");
	{
		CLEANUP_BUFFER Buffer file = fixture_sign_twice(
			fixture_timestamp(1, 1), &world->keys.timestamp, &world->keys.other);

		assert_done(trusted_set_update_timestamp(world->set, buffer_bytes(&file), &world->error),
			&world->error);
	}
}

static void refuses_a_threshold_below_one(void **state)
{
	World *world = *state;
	json_t *root = fixture_root(&world->keys, 1);

	assert_done(json_put_integer(json_object_get(json_object_get(root, "roles"), "timestamp"),
			    "threshold", 0, &world->error),
		&world->error);
	assert_fails(begin(world, root), &world->error,
		"root metadata: role timestamp: field \"threshold\" is not between 1 and");
}

static void refuses_a_role_that_lists_a_key_twice_and_a_root_without_a_role(void **state)
{
	World *world = *state;
	json_t *root = fixture_root(&world->keys, 1);

	fixture_add_key(root, "snapshot", &world->keys.snapshot);
	assert_fails(begin(world, root), &world->error, "role snapshot: field \"keyids\" lists");
	root = fixture_root(&world->keys, 1);
	(void)json_object_del(json_object_get(root, "roles"), "targets");
	assert_fails(begin(world, root), &world->error, "field \"targets\" is missing");
}

static void bad_empty_and_foreign_signatures_do_no_harm(void **state)
{
	World *world = *state;
	CLEANUP_BUFFER Buffer file =
		fixture_sign_twice(fixture_timestamp(1, 1), &world->keys.other, &world->keys.timestamp);
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_BUFFER Buffer longer = BUFFER_INIT;
	json_t *signatures;

	past_root(world);
	assert_done(json_parse(buffer_bytes(&file), 1 << 20, &document, &world->error), &world->error);
	signatures = json_object_get(document, "signatures");
	(void)json_array_insert_new(
		signatures, 0, json_pack("{s:s, s:s}", "keyid", world->keys.root.id, "sig", ""));
	(void)json_array_insert_new(signatures, 0, json_pack("{s:s, s:s}", "keyid", "unknown", "sig", "zz"));
	(void)json_array_insert_new(
		signatures, 0, json_pack("{s:s, s:s}", "keyid", world->keys.snapshot.id, "sig", "0"));
	assert_done(json_write(document, &longer, &world->error), &world->error);
	assert_done(trusted_set_update_timestamp(world->set, buffer_bytes(&longer), &world->error),
		&world->error);
}

static void keys_of_unknown_schemes_are_skipped(void **state)
{
	World *world = *state;
	json_t *root = fixture_root(&world->keys, 1);
	json_t *keys = json_object_get(root, "keys");

	(void)json_object_set_new(keys, "quantum",
		json_pack("{s:s, s:s, s:{s:s}}", "keytype", "q", "scheme", "q", "keyval", "public", "q"));
	(void)json_array_append_new(
		json_object_get(json_object_get(json_object_get(root, "roles"), "timestamp"), "keyids"),
		json_string("quantum"));
	assert_done(begin(world, root), &world->error);
	past_root(world);
	assert_done(TIMESTAMP(fixture_timestamp(1, 1)), &world->error);
}

static void unknown_fields_are_part_of_what_is_signed(void **state)
{
	World *world = *state;
	json_t *content = with(fixture_timestamp(1, 1), "x-more", "a \"quoted\" \\ value\n\xc3\xa9");
	CLEANUP_BUFFER Buffer file = fixture_sign(content, &world->keys.timestamp);
	char *at = strstr((char *)file.data, "x-more");

	past_root(world);
	assert_non_null(at);
	at[0] = 'y';
	assert_fails(trusted_set_update_timestamp(world->set, buffer_bytes(&file), &world->error),
		&world->error, "signed by 0 of the 1");
	at[0] = 'x';
	assert_done(
		trusted_set_update_timestamp(world->set, buffer_bytes(&file), &world->error), &world->error);
}

static void refuses_duplicate_fields_and_what_is_no_json(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "{\"signed\":{},\"signed\":{},\"signatures\":[]}",
		"{\"signatures\":[],\"signed\":{}} x", "{\"signatures\":{},\"signed\":{}}",
		"{\"signatures\":[],\"signed\":[]}", "{\"signatures\":[1],\"signed\":{}}", "\xff"};
	World *world = *state;

	past_root(world);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(trusted_set_update_timestamp(world->set, bytes_of_text(bad[i]), &world->error),
			&world->error, "timestamp metadata: ");
}

static void a_timestamp_never_goes_back(void **state)
{
	World *world = *state;

	past_timestamp(world);
	assert_int_equal(TIMESTAMP(fixture_timestamp(3, 5)), TRUSTED_OLDER);
	assert_string_equal(world->error.text,
		"timestamp metadata is older (version 3) than what this device has seen (version 5)");
	assert_int_equal(TIMESTAMP(fixture_timestamp(6, 4)), TRUSTED_OLDER);
	assert_string_equal(world->error.text,
		"timestamp metadata names an older snapshot (version 4) than what this device has seen "
		"(version 5)");
	assert_int_equal(TIMESTAMP(fixture_timestamp(5, 9)), TRUSTED_SAME_VERSION);
	assert_int_equal(trusted_set_timestamp(world->set)->snapshot.version, 5);
	assert_done(TIMESTAMP(fixture_timestamp(6, 5)), &world->error);
}

static void an_expired_timestamp_still_counts_against_rollback(void **state)
{
	World *world = *state;
	MetaFile file;

	past_root(world);
	assert_int_equal(TIMESTAMP(expired(fixture_timestamp(7, 7))), TRUSTED_EXPIRED);
	assert_fails(trusted_set_expect_snapshot(world->set, &file, &world->error), &world->error,
		"the repository's timestamp metadata expired on 2026-09-01T00:00:00Z");
	assert_fails(SNAPSHOT(fixture_snapshot(7, 7)), &world->error, "timestamp metadata expired");
	assert_int_equal(TIMESTAMP(fixture_timestamp(6, 7)), TRUSTED_OLDER);
	assert_done(TIMESTAMP(fixture_timestamp(8, 7)), &world->error);
}

static void a_snapshot_is_the_file_that_the_timestamp_names(void **state)
{
	World *world = *state;
	CLEANUP_BUFFER Buffer good = fixture_sign(fixture_snapshot(5, 5), &world->keys.snapshot);
	json_t *timestamp = fixture_timestamp(5, 5);
	json_t *entry = json_object_get(json_object_get(timestamp, "meta"), "snapshot.json");
	json_t *hashes = json_object();
	Digest digest;

	past_root(world);
	assert_done(hash_bytes(buffer_bytes(&good), &digest, &world->error), &world->error);
	assert_done(json_put_digest(hashes, "sha256", &digest, &world->error), &world->error);
	assert_done(json_put_text(hashes, "whirlpool", "00", &world->error), &world->error);
	assert_done(json_put(entry, "hashes", hashes, &world->error), &world->error);
	assert_done(json_put_integer(entry, "length", (int64_t)good.size, &world->error), &world->error);
	assert_done(TIMESTAMP(timestamp), &world->error);
	assert_fails(SNAPSHOT(with(fixture_snapshot(5, 5), "x", "longer")), &world->error,
		"snapshot metadata is not the file that was signed for: it has");
	good.data[good.size - 2] ^= 0x20;
	assert_fails(trusted_set_update_snapshot(world->set, buffer_bytes(&good), false, &world->error),
		&world->error, "its sha256 differs");
	good.data[good.size - 2] ^= 0x20;
	assert_done(trusted_set_update_snapshot(world->set, buffer_bytes(&good), false, &world->error),
		&world->error);
}

static void refuses_a_file_whose_hashes_it_cannot_check(void **state)
{
	World *world = *state;
	json_t *timestamp = fixture_timestamp(5, 5);
	json_t *entry = json_object_get(json_object_get(timestamp, "meta"), "snapshot.json");

	past_root(world);
	(void)json_object_set_new(entry, "hashes", json_pack("{s:s}", "md5", "00"));
	assert_done(TIMESTAMP(timestamp), &world->error);
	assert_fails(SNAPSHOT(fixture_snapshot(5, 5)), &world->error, "no hash of a known algorithm");
}

static void refuses_a_snapshot_of_another_version_or_expired(void **state)
{
	World *world = *state;

	past_timestamp(world);
	assert_fails(SNAPSHOT(fixture_snapshot(4, 5)), &world->error,
		"version 4 where the timestamp names version 5");
	assert_fails(SNAPSHOT(expired(fixture_snapshot(5, 5))), &world->error, "snapshot metadata expired");
	assert_null(trusted_set_snapshot(world->set));
}

static void an_old_local_snapshot_still_counts_against_rollback(void **state)
{
	World *world = *state;
	json_t *older = expired(fixture_snapshot(4, 6));
	MetaFile file;

	past_timestamp(world);
	(void)json_object_set_new(
		json_object_get(older, "meta"), "debian.json", json_pack("{s:i}", "version", 1));
	assert_int_equal(LOCAL_SNAPSHOT(older), TRUSTED_EXPIRED);
	assert_fails(trusted_set_expect_targets(world->set, "targets", &file, &world->error), &world->error,
		"snapshot metadata has version 4");
	assert_fails(SNAPSHOT(fixture_snapshot(5, 6)), &world->error, "no longer lists debian.json");
	older = fixture_snapshot(5, 5);
	(void)json_object_set_new(
		json_object_get(older, "meta"), "debian.json", json_pack("{s:i}", "version", 1));
	assert_fails(SNAPSHOT(older), &world->error,
		"lists an older targets.json (version 5) than what this device has seen (version 6)");
}

static void targets_mix_and_match_is_refused(void **state)
{
	World *world = *state;

	past_snapshot(world);
	assert_fails(
		TARGETS(fixture_targets(4)), &world->error, "version 4 where the snapshot names version 5");
	assert_fails(
		TARGETS(fixture_targets(6)), &world->error, "version 6 where the snapshot names version 5");
	assert_fails(TARGETS(expired(fixture_targets(5))), &world->error, "targets metadata expired");
	assert_fails(UPDATE(trusted_set_update_targets, fixture_targets(5), &world->keys.snapshot, "targets",
			     "root"),
		&world->error, "targets metadata is signed by 0 of the 1 keys needed");
	assert_null(trusted_set_targets(world->set, "targets"));
}

static void targets_are_the_file_that_the_snapshot_names(void **state)
{
	World *world = *state;
	CLEANUP_BUFFER Buffer good = fixture_sign(fixture_targets(5), &world->keys.targets);
	json_t *snapshot = fixture_snapshot(5, 5);
	json_t *entry = json_object_get(json_object_get(snapshot, "meta"), "targets.json");
	json_t *hashes = json_object();
	Digest digest;

	past_timestamp(world);
	assert_done(hash_bytes(buffer_bytes(&good), &digest, &world->error), &world->error);
	assert_done(json_put_digest(hashes, "sha256", &digest, &world->error), &world->error);
	assert_done(json_put(entry, "hashes", hashes, &world->error), &world->error);
	assert_done(SNAPSHOT(snapshot), &world->error);
	/* Signed by the right key and of the right version, but not what was published. */
	assert_fails(TARGETS(with(fixture_targets(5), "x", "other")), &world->error,
		"targets metadata is not the file that was signed for: its sha256 differs");
	assert_done(
		trusted_set_update_targets(world->set, buffer_bytes(&good), "targets", "root", &world->error),
		&world->error);
}

static void refuses_targets_without_length_or_hashes(void **state)
{
	World *world = *state;
	json_t *targets = fixture_targets(5);

	past_snapshot(world);
	(void)json_object_set_new(json_object_get(targets, "targets"), "a", json_pack("{s:i}", "length", 1));
	assert_fails(
		TARGETS(targets), &world->error, "targets metadata: target a: field \"hashes\" is missing");
	targets = fixture_targets(5);
	fixture_add_target(targets, "a", -1);
	assert_fails(TARGETS(targets), &world->error, "target a: field \"length\" is not between 0");
}

static void a_delegated_role_is_verified_for_each_delegator(void **state)
{
	World *world = *state;
	json_t *snapshot = fixture_snapshot(5, 5), *targets = fixture_targets(5), *first = fixture_targets(1);
	json_t *meta = json_object_get(snapshot, "meta");

	past_timestamp(world);
	(void)json_object_set_new(meta, "first.json", json_pack("{s:i}", "version", 1));
	(void)json_object_set_new(meta, "shared.json", json_pack("{s:i}", "version", 1));
	assert_done(SNAPSHOT(snapshot), &world->error);
	fixture_delegate(targets, "first", &world->keys.other, "*", false);
	fixture_delegate(targets, "shared", &world->keys.other, "*", false);
	assert_done(TARGETS(targets), &world->error);
	/* "first" names another key for the same role. */
	fixture_delegate(first, "shared", &world->keys.snapshot, "*", false);
	assert_done(UPDATE(trusted_set_update_targets, first, &world->keys.other, "first", "targets"),
		&world->error);
	assert_done(UPDATE(trusted_set_update_targets, fixture_targets(1), &world->keys.other, "shared",
			    "targets"),
		&world->error);
	assert_done(
		trusted_set_verify_targets(world->set, "shared", "targets", &world->error), &world->error);
	assert_fails(trusted_set_verify_targets(world->set, "shared", "first", &world->error), &world->error,
		"shared metadata is signed by 0 of the 1 keys needed");
	assert_fails(trusted_set_verify_targets(world->set, "first", "shared", &world->error), &world->error,
		"role shared does not delegate to role first");
}

static void a_role_that_the_snapshot_does_not_list_is_absent(void **state)
{
	World *world = *state;
	MetaFile file;

	past_snapshot(world);
	assert_int_equal(
		trusted_set_expect_targets(world->set, "other", &file, &world->error), TRUSTED_ABSENT);
	assert_string_equal(world->error.text, "the repository's snapshot does not list other metadata");
}

static void refuses_roles_in_the_wrong_order(void **state)
{
	World *world = *state;

	assert_fails(
		TIMESTAMP(fixture_timestamp(1, 1)), &world->error, "timestamp metadata comes in the wrong");
	assert_fails(SNAPSHOT(fixture_snapshot(1, 1)), &world->error, "snapshot metadata comes in the wrong");
	assert_fails(TARGETS(fixture_targets(1)), &world->error, "targets metadata comes in the wrong");
	past_snapshot(world);
	assert_fails(
		TIMESTAMP(fixture_timestamp(9, 9)), &world->error, "timestamp metadata comes in the wrong");
	assert_done(TARGETS(fixture_targets(5)), &world->error);
	assert_fails(SNAPSHOT(fixture_snapshot(5, 5)), &world->error, "snapshot metadata comes in the wrong");
	assert_fails(TARGETS(fixture_targets(5)), &world->error, "targets metadata comes in the wrong");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		PROMISE(accepts_the_whole_chain),
		PROMISE(refuses_a_first_root_that_did_not_sign_itself),
		PROMISE(a_new_root_needs_the_old_and_the_new_keys),
		PROMISE(a_new_root_has_exactly_the_next_version),
		PROMISE(root_versions_never_wrap),
		PROMISE(only_the_last_root_must_not_have_expired),
		PROMISE(metadata_expires_at_its_very_second),
		PROMISE(refuses_metadata_of_another_type),
		PROMISE(refuses_other_versions_of_the_specification),
		PROMISE(refuses_versions_below_one_and_beyond_its_integers),
		PROMISE(refuses_signatures_that_repeat_a_key_id),
		PROMISE(a_threshold_of_two_needs_two_keys),
		PROMISE(refuses_a_threshold_below_one),
		PROMISE(refuses_a_role_that_lists_a_key_twice_and_a_root_without_a_role),
		PROMISE(bad_empty_and_foreign_signatures_do_no_harm),
		PROMISE(keys_of_unknown_schemes_are_skipped),
		PROMISE(unknown_fields_are_part_of_what_is_signed),
		PROMISE(refuses_duplicate_fields_and_what_is_no_json),
		PROMISE(a_timestamp_never_goes_back),
		PROMISE(an_expired_timestamp_still_counts_against_rollback),
		PROMISE(a_snapshot_is_the_file_that_the_timestamp_names),
		PROMISE(refuses_a_file_whose_hashes_it_cannot_check),
		PROMISE(refuses_a_snapshot_of_another_version_or_expired),
		PROMISE(an_old_local_snapshot_still_counts_against_rollback),
		PROMISE(targets_mix_and_match_is_refused),
		PROMISE(targets_are_the_file_that_the_snapshot_names),
		PROMISE(refuses_targets_without_length_or_hashes),
		PROMISE(a_delegated_role_is_verified_for_each_delegator),
		PROMISE(a_role_that_the_snapshot_does_not_list_is_absent),
		PROMISE(refuses_roles_in_the_wrong_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
