/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key-uri.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "base/test.h"
#include "base/text.h"
#include "parts/trust/signer/key.h"
#include "parts/trust/signer/test-place.h"

static char *uri_of(Place *place, const char *name)
{
	char *uri = NULL;

	assert_done(text_format(&uri, &place->error, "file:%s/%s", place->path, name), &place->error);
	return uri;
}

static void a_place_with_a_scheme_is_a_uri(void **state)
{
	(void)state;
	assert_true(key_uri_is_one("pkcs11:token=root;object=key"));
	assert_true(key_uri_is_one("file:/root.pem"));
	assert_true(key_uri_is_one("a+b-c.1:x"));
	assert_false(key_uri_is_one("root.pem"));
	assert_false(key_uri_is_one("./a:b"));
	assert_false(key_uri_is_one("/a:b"));
	assert_false(key_uri_is_one("1a:b"));
	assert_false(key_uri_is_one(":b"));
	assert_false(key_uri_is_one(""));
}

static void the_key_behind_a_uri_is_the_key_of_the_file(void **state)
{
	static const char *const types[] = {"ed25519", "ecdsa", "rsa"};
	Place *place = *state;
	Error *error = &place->error;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		CLEANUP(signer_key_free) SignerKey *key = NULL;
		CLEANUP(signer_key_free) SignerKey *opened = NULL;
		CLEANUP_FREE char *uri = uri_of(place, types[i]);

		assert_done(signer_key_generate(types[i], &key, error), error);
		assert_done(signer_key_save(key, place->directory, types[i], error), error);
		assert_done(signer_key_open(uri, &opened, error), error);
		assert_string_equal(signer_key_id(opened), signer_key_id(key));
	}
}

static void refuses_a_uri_that_leads_to_no_key_or_to_two(void **state)
{
	Place *place = *state;
	Error *error = &place->error;
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_FREE char *none = uri_of(place, "none"), *empty = uri_of(place, "empty"),
			  *two = uri_of(place, "two");
	SignerKey *opened = NULL;

	assert_fails(signer_key_open(none, &opened, error), error, none);
	assert_fails(signer_key_open("no-such-scheme:key", &opened, error), error, "no-such-scheme:key");
	assert_done(file_replace(place->directory, "empty", bytes_of_text("\n"), 0600, error), error);
	assert_fails(signer_key_open(empty, &opened, error), error, empty);
	assert_done(signer_key_generate("ed25519", &key, error), error);
	assert_done(signer_key_save(key, place->directory, "one", error), error);
	assert_done(file_read(place->directory, "one", 1 << 16, &text, error), error);
	assert_done(file_read(place->directory, "one", 1 << 16, &text, error), error);
	assert_done(file_replace(place->directory, "two", buffer_bytes(&text), 0600, error), error);
	assert_fails(signer_key_open(two, &opened, error), error, "more than one private key");
	assert_null(opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		PROMISE(a_place_with_a_scheme_is_a_uri),
		PROMISE(the_key_behind_a_uri_is_the_key_of_the_file),
		PROMISE(refuses_a_uri_that_leads_to_no_key_or_to_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
