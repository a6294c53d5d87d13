/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key-public.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/test.h"
#include "parts/trust/signer/key.h"
#include "parts/trust/signer/test-place.h"

static void put(Place *place, const char *text)
{
	assert_done(file_replace(place->directory, "a.pub", bytes_of_text(text), 0644, &place->error),
		&place->error);
}

static void a_public_half_is_read_as_it_was_written_and_has_the_keys_id(void **state)
{
	static const char *const types[] = {"ed25519", "ecdsa", "rsa"};
	Place *place = *state;
	Error *error = &place->error;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		CLEANUP(signer_key_free) SignerKey *key = NULL;
		CLEANUP_PUBLIC_HALF PublicHalf half = {.object = NULL};

		assert_done(signer_key_generate(types[i], &key, error), error);
		assert_done(
			key_public_write(signer_key_public(key), place->directory, types[i], error), error);
		assert_done(key_public_read(place->directory, types[i], &half, error), error);
		assert_string_equal(half.id, signer_key_id(key));
		assert_true(json_equal(half.object, signer_key_public(key)));
	}
}

static void a_public_half_in_pem_is_the_same_key(void **state)
{
	static const char *const types[] = {"ecdsa", "rsa"};
	Place *place = *state;
	Error *error = &place->error;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		CLEANUP(signer_key_free) SignerKey *key = NULL;
		CLEANUP_PUBLIC_HALF PublicHalf half = {.object = NULL};
		const json_t *value;

		assert_done(signer_key_generate(types[i], &key, error), error);
		value = json_object_get(signer_key_public(key), "keyval");
		put(place, json_string_value(json_object_get(value, "public")));
		assert_done(key_public_read(place->directory, "a.pub", &half, error), error);
		assert_string_equal(half.id, signer_key_id(key));
	}
}

/* As "openssl pkey -pubout" writes one: Ed25519 is in hexadecimal in metadata. */
static void takes_ed25519_in_pem_and_refuses_other_pem(void **state)
{
	static const char ed25519[] = "-----BEGIN PUBLIC KEY-----\n"
				      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
				      "-----END PUBLIC KEY-----\n";
	static const char ed448[] = "-----BEGIN PUBLIC KEY-----\n"
				    "MEMwBQYDK2VxAzoAX9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2\n"
				    "m0bHBhvWeD3x5Q9s0foavq+oJWGA\n"
				    "-----END PUBLIC KEY-----\n";
	Place *place = *state;
	CLEANUP_PUBLIC_HALF PublicHalf half = {.object = NULL};
	const json_t *value;
	Error *error = &place->error;

	put(place, ed25519);
	assert_done(key_public_read(place->directory, "a.pub", &half, error), error);
	value = json_object_get(half.object, "keyval");
	assert_string_equal(json_string_value(json_object_get(value, "public")),
		"19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
	put(place, ed448);
	assert_fails(
		key_public_read(place->directory, "a.pub", &half, error), error, "no key that clients use");
	put(place, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	assert_fails(
		key_public_read(place->directory, "a.pub", &half, error), error, "not a public key in PEM");
}

static void never_overwrites_a_public_half(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	put(place, "{}");
	assert_done(signer_key_generate("ed25519", &key, &place->error), &place->error);
	assert_fails(key_public_write(signer_key_public(key), place->directory, "a.pub", &place->error),
		&place->error, "File exists");
}

static void refuses_a_private_key_in_place_of_a_public_one(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	PublicHalf half;

	assert_done(signer_key_generate("ed25519", &key, &place->error), &place->error);
	assert_done(signer_key_save(key, place->directory, "a.pub", &place->error), &place->error);
	assert_fails(key_public_read(place->directory, "a.pub", &half, &place->error), &place->error,
		"is a private key");
}

static void refuses_what_clients_could_not_use(void **state)
{
	Place *place = *state;
	Error *error = &place->error;
	PublicHalf half;

	assert_fails(key_public_read(place->directory, "none.pub", &half, error), error, "No such file");
	put(place, "");
	assert_fails(key_public_read(place->directory, "a.pub", &half, error), error, "is empty");
	put(place, "{\"keytype\": \"dsa\", \"scheme\": \"dsa\", \"keyval\": {\"public\": \"00\"}}");
	assert_fails(key_public_read(place->directory, "a.pub", &half, error), error, "unknown");
	put(place, "{\"keytype\": \"ed25519\", \"scheme\": \"ed25519\", \"keyval\": {\"public\": \"00\"}}");
	assert_fails(
		key_public_read(place->directory, "a.pub", &half, error), error, "not a valid ed25519 key");
	put(place, "{\"keytype\": \"ed25519\", \"scheme\": \"ed25519\"}");
	assert_fails(key_public_read(place->directory, "a.pub", &half, error), error, "keyval");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		PROMISE(a_public_half_is_read_as_it_was_written_and_has_the_keys_id),
		PROMISE(a_public_half_in_pem_is_the_same_key),
		PROMISE(takes_ed25519_in_pem_and_refuses_other_pem),
		PROMISE(never_overwrites_a_public_half),
		PROMISE(refuses_a_private_key_in_place_of_a_public_one),
		PROMISE(refuses_what_clients_could_not_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
