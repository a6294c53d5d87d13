/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "parts/trust/public-key.h"
#include "parts/trust/signer/test-place.h"

static void put(Place *place, const char *name, const char *text)
{
	assert_done(file_replace(place->directory, name, bytes_of_text(text), 0600, &place->error),
		&place->error);
}

/* Takes pair. */
static void put_pair(Place *place, const char *name, EVP_PKEY *pair)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long size;

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL), 1);
	size = BIO_get_mem_data(bio, &text);
	assert_done(file_replace(place->directory, name, (Bytes){(const uint8_t *)text, (size_t)size}, 0600,
			    &place->error),
		&place->error);
	(void)BIO_free(bio);
	EVP_PKEY_free(pair);
}

static void a_saved_key_is_private_and_loads_as_the_same_key(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	CLEANUP(signer_key_free) SignerKey *loaded = NULL;
	struct stat status;

	assert_done(signer_key_generate("ed25519", &key, &place->error), &place->error);
	assert_done(signer_key_save(key, place->directory, "root.pem", &place->error), &place->error);
	assert_int_equal(fstatat(place->directory, "root.pem", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_done(signer_key_load(place->directory, "root.pem", &loaded, &place->error), &place->error);
	assert_string_equal(signer_key_id(key), signer_key_id(loaded));
}

static void never_overwrites_a_key(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	assert_done(signer_key_generate("ed25519", &key, &place->error), &place->error);
	assert_done(signer_key_save(key, place->directory, "root.pem", &place->error), &place->error);
	assert_fails(signer_key_save(key, place->directory, "root.pem", &place->error), &place->error,
		"File exists");
}

static void refuses_a_key_that_others_may_read(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	assert_done(signer_key_generate("ed25519", &key, &place->error), &place->error);
	assert_done(signer_key_save(key, place->directory, "root.pem", &place->error), &place->error);
	assert_int_equal(fchmodat(place->directory, "root.pem", 0640, 0), 0);
	assert_fails(signer_key_load(place->directory, "root.pem", &key, &place->error), &place->error,
		"make its mode 0600");
}

static void refuses_what_is_no_key_that_clients_use(void **state)
{
	Place *place = *state;
	Error *error = &place->error;
	SignerKey *key = NULL;

	assert_fails(signer_key_load(place->directory, "none.pem", &key, error), error, "No such file");
	put(place, "empty.pem", "");
	assert_fails(signer_key_load(place->directory, "empty.pem", &key, error), error, "no private key");
	put(place, "text.pem", "-----BEGIN PRIVATE KEY-----\n");
	assert_fails(signer_key_load(place->directory, "text.pem", &key, error), error, "no private key");
	put_pair(place, "short.pem", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
	assert_fails(signer_key_load(place->directory, "short.pem", &key, error), error, "RSA of 3072");
	put_pair(place, "curve.pem", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"));
	assert_fails(signer_key_load(place->directory, "curve.pem", &key, error), error, "ECDSA on P-256");
	put_pair(place, "other.pem", EVP_PKEY_Q_keygen(NULL, NULL, "ED448"));
	assert_fails(signer_key_load(place->directory, "other.pem", &key, error), error, "Ed25519");
	assert_fails(signer_key_generate("dsa", &key, error), error, "no type of key \"dsa\"");
}

static void its_public_half_verifies_its_signature_and_no_other(void **state)
{
	static const char *const types[] = {"ed25519", "ecdsa", "rsa"};
	Place *place = *state;
	Error *error = &place->error;
	Bytes message = bytes_of_text("{}"), other = bytes_of_text("[]");

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		CLEANUP(signer_key_free) SignerKey *key = NULL;
		CLEANUP(public_key_free) PublicKey *public_half = NULL;
		CLEANUP_BUFFER Buffer signature = BUFFER_INIT;

		assert_done(signer_key_generate(types[i], &key, error), error);
		assert_string_equal(
			json_string_value(json_object_get(signer_key_public(key), "keytype")), types[i]);
		assert_done(public_key_new(signer_key_public(key), &public_half, error), error);
		assert_done(signer_key_sign(key, message, &signature, error), error);
		assert_true(public_key_verifies(public_half, message, buffer_bytes(&signature)));
		assert_false(public_key_verifies(public_half, other, buffer_bytes(&signature)));
		signature.data[signature.size - 1] ^= 1;
		assert_false(public_key_verifies(public_half, message, buffer_bytes(&signature)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		PROMISE(a_saved_key_is_private_and_loads_as_the_same_key),
		PROMISE(never_overwrites_a_key),
		PROMISE(refuses_a_key_that_others_may_read),
		PROMISE(refuses_what_is_no_key_that_clients_use),
		PROMISE(its_public_half_verifies_its_signature_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
