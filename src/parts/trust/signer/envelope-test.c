/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/envelope.h"

#include <string.h>

#include "base/json.h"
#include "base/test.h"
#include "parts/trust/canonical.h"

/* A role of two keys, which both must sign; a third key is a stranger. */
typedef struct World {
	SignerKey *keys[3];
	json_t *ring_object, *role_object, *document;
	char other_id[DIGEST_HEX_SIZE]; /* of the second key, as somebody else writes it */
	KeyRing ring;
	Role role;
	Authority authority;
	Error error;
} World;

static int set_up(void **state)
{
	static const char *const types[] = {"ed25519", "ecdsa", "ed25519"};
	World *world = calloc(1, sizeof(*world));
	json_t *content = json_pack("{s:s, s:i}", "_type", "root", "version", 1);
	json_t *other;
	Digest digest;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_done(signer_key_generate(types[i], &world->keys[i], &world->error), &world->error);
	other = json_deep_copy(signer_key_public(world->keys[1]));
	(void)json_object_set_new(other, "note", json_string("made elsewhere"));
	assert_done(canonical_digest(other, &digest, &world->error), &world->error);
	(void)digest_to_hex(&digest, world->other_id);
	world->ring_object = json_pack("{s:O, s:o}", signer_key_id(world->keys[0]),
		signer_key_public(world->keys[0]), world->other_id, other);
	world->role_object = json_pack(
		"{s:[s,s], s:i}", "keyids", signer_key_id(world->keys[0]), world->other_id, "threshold", 2);
	assert_done(key_ring_parse(world->ring_object, &world->ring, &world->error), &world->error);
	assert_done(role_parse(world->role_object, &world->role, &world->error), &world->error);
	world->authority = (Authority){&world->role, &world->ring};
	assert_done(envelope_new(content, &world->document, &world->error), &world->error);
	json_decref(content);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	World *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(world->keys); i++)
		(void)signer_key_free(world->keys[i]);
	key_ring_clear(&world->ring);
	json_decref(world->ring_object);
	json_decref(world->role_object);
	json_decref(world->document);
	free(world);
	return 0;
}

static size_t sign(World *world, json_t *document, size_t key)
{
	KeySet one = {&world->keys[key], 1};
	size_t n = 99;

	assert_done(envelope_sign(document, &world->authority, &one, &n, &world->error), &world->error);
	return n;
}

static size_t n_signatures(const json_t *document)
{
	return json_array_size(json_object_get(document, "signatures"));
}

static void assert_state(World *world, const json_t *document, size_t valid, size_t missing)
{
	CLEANUP_ENVELOPE_STATE EnvelopeState found = {.missing = NULL};

	assert_done(envelope_examine(document, &world->authority, &found, &world->error), &world->error);
	assert_int_equal(found.n_valid, valid);
	assert_int_equal(found.n_needed, 2);
	assert_int_equal(json_array_size(found.missing), missing);
}

static void signs_under_the_id_that_the_authority_gives_a_key(void **state)
{
	World *world = *state;
	const json_t *signature;

	assert_int_equal(sign(world, world->document, 1), 1);
	signature = json_array_get(json_object_get(world->document, "signatures"), 0);
	assert_string_equal(json_string_value(json_object_get(signature, "keyid")), world->other_id);
	assert_state(world, world->document, 1, 1);
	assert_int_equal(sign(world, world->document, 0), 1);
	assert_state(world, world->document, 2, 0);
}

static void a_key_signs_once_however_often_it_is_asked(void **state)
{
	World *world = *state;

	assert_int_equal(sign(world, world->document, 0), 1);
	assert_int_equal(sign(world, world->document, 0), 1);
	assert_int_equal(n_signatures(world->document), 1);
	assert_state(world, world->document, 1, 1);
}

static void a_stranger_does_not_sign(void **state)
{
	World *world = *state;

	assert_int_equal(sign(world, world->document, 2), 0);
	assert_int_equal(n_signatures(world->document), 0);
	assert_false(envelope_has_stranger(world->document, &world->authority));
	(void)json_array_append_new(json_object_get(world->document, "signatures"),
		json_pack("{s:s, s:s}", "keyid", signer_key_id(world->keys[2]), "sig", "00"));
	assert_true(envelope_has_stranger(world->document, &world->authority));
	assert_state(world, world->document, 0, 2);
}

static void signatures_of_another_content_do_not_count(void **state)
{
	World *world = *state;

	(void)sign(world, world->document, 0);
	assert_state(world, world->document, 1, 1);
	(void)json_object_set_new(envelope_content(world->document), "version", json_integer(2));
	assert_state(world, world->document, 0, 2);
}

static void copies_are_united(void **state)
{
	World *world = *state;
	Error *error = &world->error;
	CLEANUP_JSON json_t *first = json_deep_copy(world->document);
	CLEANUP_JSON json_t *second = json_deep_copy(world->document);

	(void)sign(world, first, 0);
	(void)sign(world, second, 1);
	assert_done(envelope_unite(world->document, first, &world->authority, 1, error), error);
	assert_done(envelope_unite(world->document, second, &world->authority, 1, error), error);
	assert_done(envelope_unite(world->document, second, &world->authority, 1, error), error);
	assert_int_equal(n_signatures(world->document), 2);
	assert_state(world, world->document, 2, 0);
}

static void a_copy_of_something_else_is_not_united(void **state)
{
	World *world = *state;
	CLEANUP_JSON json_t *other = json_deep_copy(world->document);

	(void)json_object_set_new(envelope_content(other), "version", json_integer(2));
	(void)sign(world, other, 0);
	assert_fails(envelope_unite(world->document, other, &world->authority, 1, &world->error),
		&world->error, "a copy of something else");
	assert_int_equal(n_signatures(world->document), 0);
}

static void bad_signatures_and_those_of_strangers_are_not_united(void **state)
{
	World *world = *state;
	Error *error = &world->error;
	CLEANUP_JSON json_t *bad = json_deep_copy(world->document);
	CLEANUP_JSON json_t *foreign = json_deep_copy(world->document);

	(void)sign(world, bad, 0);
	(void)json_object_set_new(
		json_array_get(json_object_get(bad, "signatures"), 0), "sig", json_string("00ff"));
	assert_fails(envelope_unite(world->document, bad, &world->authority, 1, error), error, "is bad");
	(void)json_array_append_new(json_object_get(foreign, "signatures"),
		json_pack("{s:s, s:s}", "keyid", signer_key_id(world->keys[2]), "sig", "00"));
	assert_fails(envelope_unite(world->document, foreign, &world->authority, 1, error), error,
		"none of the keys of this role");
	assert_int_equal(n_signatures(world->document), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		PROMISE(signs_under_the_id_that_the_authority_gives_a_key),
		PROMISE(a_key_signs_once_however_often_it_is_asked),
		PROMISE(a_stranger_does_not_sign),
		PROMISE(signatures_of_another_content_do_not_count),
		PROMISE(copies_are_united),
		PROMISE(a_copy_of_something_else_is_not_united),
		PROMISE(bad_signatures_and_those_of_strangers_are_not_united),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
