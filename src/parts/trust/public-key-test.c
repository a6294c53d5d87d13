/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/public-key.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/test.h"
#include "parts/trust/fixture.h"

static const char *const schemes[] = {
	"ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "rsassa-pss-sha256"};

static bool verifies(const PublicKey *key, const char *message, const char *hex)
{
	uint8_t raw[1024];

	assert_int_equal(hex_decode(hex, raw, strlen(hex) / 2, NULL), 0);
	return public_key_verifies(key, bytes_of_text(message), (Bytes){raw, strlen(hex) / 2});
}

static void verifies_what_each_scheme_signed_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		CLEANUP(public_key_free) PublicKey *key = NULL;
		FixtureKey signer;
		Error error = ERROR_INIT;
		char *signature;

		fixture_key_make(schemes[i], &signer);
		assert_done(public_key_new(signer.object, &key, &error), &error);
		signature = fixture_signature(&signer, bytes_of_text("message"));
		assert_true(verifies(key, "message", signature));
		assert_false(verifies(key, "massage", signature));
		signature[20] = signature[20] == '0' ? '1' : '0';
		assert_false(verifies(key, "message", signature));
		assert_false(verifies(key, "message", ""));
		assert_false(verifies(key, "message", "00"));
		free(signature);
		fixture_key_clear(&signer);
	}
}

static void knows_the_same_key_under_another_writing(void **state)
{
	CLEANUP(public_key_free) PublicKey *key = NULL;
	CLEANUP(public_key_free) PublicKey *same = NULL;
	CLEANUP(public_key_free) PublicKey *other = NULL;
	FixtureKey first, second;
	char upper[65];
	json_t *value;
	Error error = ERROR_INIT;

	(void)state;
	fixture_key_make("ed25519", &first);
	fixture_key_make("ed25519", &second);
	assert_done(public_key_new(first.object, &key, &error), &error);
	assert_done(public_key_new(second.object, &other, &error), &error);
	value = json_object_get(first.object, "keyval");
	for (size_t i = 0; i < sizeof(upper); i++) {
		char c = json_string_value(json_object_get(value, "public"))[i];

		upper[i] = (char)(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
	}
	assert_done(json_put_text(value, "public", upper, &error), &error);
	assert_done(json_put_text(first.object, "more", "unknown", &error), &error);
	assert_done(public_key_new(first.object, &same, &error), &error);
	assert_true(public_key_same(key, same));
	assert_false(public_key_same(key, other));
	fixture_key_clear(&first);
	fixture_key_clear(&second);
}

static void assert_unusable(const char *type, const char *scheme, const char *text, const char *why)
{
	CLEANUP_JSON json_t *object =
		json_pack("{s:s, s:s, s:{s:s}}", "keytype", type, "scheme", scheme, "keyval", "public", text);
	PublicKey *key = NULL;
	Error error = ERROR_INIT;

	assert_int_equal(public_key_new(object, &key, &error), PUBLIC_KEY_UNUSABLE);
	assert_non_null(strstr(error.text, why));
	assert_null(key);
}

static void skips_unknown_schemes_and_bad_key_material(void **state)
{
	FixtureKey p384, rsa;

	(void)state;
	fixture_key_make("ecdsa-sha2-nistp384", &p384);
	fixture_key_make("rsassa-pss-sha256", &rsa);
	assert_unusable("post-quantum", "ml-dsa-65", "00", "\"ml-dsa-65\" is unknown");
	assert_unusable("ed25519", "ed25519", "00ff", "not a valid ed25519 key");
	assert_unusable("ed25519", "ed25519", "", "not a valid ed25519 key");
	assert_unusable("ecdsa", "ecdsa-sha2-nistp256", "no PEM", "not a valid ecdsa-sha2-nistp256 key");
	/* A key of another kind or curve than the scheme's. */
	assert_unusable("ecdsa", "ecdsa-sha2-nistp256",
		json_string_value(json_object_get(json_object_get(p384.object, "keyval"), "public")),
		"not a valid");
	assert_unusable("ecdsa", "ecdsa-sha2-nistp256",
		json_string_value(json_object_get(json_object_get(rsa.object, "keyval"), "public")),
		"not a valid");
	fixture_key_clear(&p384);
	fixture_key_clear(&rsa);
}

static void refuses_an_rsa_key_that_is_too_short(void **state)
{
	FixtureKey key = {.pair = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024)};
	BIO *bio = BIO_new(BIO_s_mem());
	char text[2048] = "";

	(void)state;
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key.pair), 1);
	assert_true(BIO_read(bio, text, sizeof(text) - 1) > 0);
	assert_unusable("rsa", "rsassa-pss-sha256", text, "not a valid rsassa-pss-sha256 key");
	(void)BIO_free(bio);
	EVP_PKEY_free(key.pair);
}

static void refuses_an_object_that_is_no_key(void **state)
{
	static const char *const texts[] = {"{}", "{\"keytype\":\"ed25519\",\"scheme\":1,\"keyval\":{}}",
		"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":[]}",
		"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":null}}"};
	PublicKey *key = NULL;
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP_JSON json_t *object = NULL;

		assert_done(json_parse(bytes_of_text(texts[i]), 1024, &object, &error), &error);
		assert_fails(public_key_new(object, &key, &error), &error, "field");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies_what_each_scheme_signed_and_nothing_else),
		cmocka_unit_test(knows_the_same_key_under_another_writing),
		cmocka_unit_test(skips_unknown_schemes_and_bad_key_material),
		cmocka_unit_test(refuses_an_rsa_key_that_is_too_short),
		cmocka_unit_test(refuses_an_object_that_is_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
