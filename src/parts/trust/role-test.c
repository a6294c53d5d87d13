/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/role.h"

#include <string.h>

#include "base/json.h"
#include "base/test.h"
#include "parts/trust/canonical.h"
#include "parts/trust/fixture.h"

/* Is something signed by both keys under their ids good for a role that has these two and needs both? */
static int verify_two(const FixtureKey *first, const FixtureKey *second, Error *error)
{
	CLEANUP_BUFFER Buffer file = fixture_sign_twice(fixture_timestamp(1, 1), first, second);
	CLEANUP_JSON json_t *keys =
		json_pack("{s:O, s:O}", first->id, first->object, second->id, second->object);
	CLEANUP_JSON json_t *object =
		json_pack("{s:[s,s], s:i}", "keyids", first->id, second->id, "threshold", 2);
	CLEANUP_METADATA Metadata metadata = {.document = NULL};
	KeyRing ring;
	Role role;
	int done;

	assert_done(key_ring_parse(keys, &ring, error), error);
	assert_done(role_parse(object, &role, error), error);
	assert_done(metadata_parse(buffer_bytes(&file), "timestamp", "timestamp", &metadata, error), error);
	done = role_verify(&role, &ring, &metadata, "timestamp", error);
	key_ring_clear(&ring);
	return done;
}

static void two_keys_count_twice(void **state)
{
	FixtureKey first, second;
	Error error = ERROR_INIT;

	(void)state;
	fixture_key_make("ed25519", &first);
	fixture_key_make("ecdsa-sha2-nistp256", &second);
	assert_done(verify_two(&first, &second, &error), &error);
	fixture_key_clear(&first);
	fixture_key_clear(&second);
}

static void a_key_counts_once_however_it_is_written(void **state)
{
	FixtureKey key, twin;
	Error error = ERROR_INIT;
	Digest id;

	(void)state;
	fixture_key_make("ed25519", &key);
	twin = key;
	twin.object = json_deep_copy(key.object);
	assert_done(json_put_text(twin.object, "comment", "another object, so another id", &error), &error);
	assert_done(canonical_digest(twin.object, &id, &error), &error);
	(void)digest_to_hex(&id, twin.id);
	assert_fails(
		verify_two(&key, &twin, &error), &error, "timestamp metadata is signed by 1 of the 2 keys");
	json_decref(twin.object);
	fixture_key_clear(&key);
}

static void a_key_under_an_id_that_is_not_its_own_verifies_nothing(void **state)
{
	FixtureKey key, misnamed;
	Error error = ERROR_INIT;

	(void)state;
	fixture_key_make("ed25519", &key);
	fixture_key_make("ed25519", &misnamed);
	memset(misnamed.id, 'f', sizeof(misnamed.id) - 1);
	assert_fails(verify_two(&key, &misnamed, &error), &error,
		"timestamp metadata is signed by 1 of the 2 keys needed");
	fixture_key_clear(&key);
	fixture_key_clear(&misnamed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_keys_count_twice),
		cmocka_unit_test(a_key_counts_once_however_it_is_written),
		cmocka_unit_test(a_key_under_an_id_that_is_not_its_own_verifies_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
