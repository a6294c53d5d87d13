/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "parts/trust/public-key.h"

typedef struct Place {
	char *path;
	int directory;
	Error error;
} Place;

static int set_up(void **state)
{
	Place *place = calloc(1, sizeof(*place));

	assert_done(file_temporary_directory("key-test", &place->path, &place->error), &place->error);
	place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	Place *place = *state;

	(void)close(place->directory);
	assert_done(file_remove_tree(AT_FDCWD, place->path, &place->error), &place->error);
	free(place->path);
	free(place);
	return 0;
}

static void a_saved_key_is_private_and_loads_as_the_same_key(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	CLEANUP(signer_key_free) SignerKey *loaded = NULL;
	struct stat status;

	assert_done(signer_key_generate(&key, &place->error), &place->error);
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

	assert_done(signer_key_generate(&key, &place->error), &place->error);
	assert_done(signer_key_save(key, place->directory, "root.pem", &place->error), &place->error);
	assert_fails(signer_key_save(key, place->directory, "root.pem", &place->error), &place->error,
		"File exists");
}

static void refuses_a_key_that_others_may_read(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	assert_done(signer_key_generate(&key, &place->error), &place->error);
	assert_done(signer_key_save(key, place->directory, "root.pem", &place->error), &place->error);
	assert_int_equal(fchmodat(place->directory, "root.pem", 0640, 0), 0);
	assert_fails(signer_key_load(place->directory, "root.pem", &key, &place->error), &place->error,
		"make its mode 0600");
}

static void refuses_what_is_no_ed25519_key(void **state)
{
	Place *place = *state;
	SignerKey *key = NULL;

	assert_fails(signer_key_load(place->directory, "none.pem", &key, &place->error), &place->error,
		"No such file");
	assert_done(file_replace(place->directory, "empty.pem", bytes_of_text(""), 0600, &place->error),
		&place->error);
	assert_fails(signer_key_load(place->directory, "empty.pem", &key, &place->error), &place->error,
		"no Ed25519 private key");
	assert_done(file_replace(place->directory, "text.pem", bytes_of_text("-----BEGIN PRIVATE KEY-----\n"),
			    0600, &place->error),
		&place->error);
	assert_fails(signer_key_load(place->directory, "text.pem", &key, &place->error), &place->error,
		"no Ed25519 private key");
}

static void its_public_half_verifies_its_signature_and_no_other(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	CLEANUP(public_key_free) PublicKey *public_half = NULL;
	uint8_t signature[SIGNER_SIGNATURE_SIZE];
	Bytes message = bytes_of_text("{}"), other = bytes_of_text("[]");

	assert_done(signer_key_generate(&key, &place->error), &place->error);
	assert_done(public_key_new(signer_key_public(key), &public_half, &place->error), &place->error);
	assert_done(signer_key_sign(key, message, signature, &place->error), &place->error);
	assert_true(public_key_verifies(public_half, message, (Bytes){signature, sizeof(signature)}));
	assert_false(public_key_verifies(public_half, other, (Bytes){signature, sizeof(signature)}));
	signature[0] ^= 1;
	assert_false(public_key_verifies(public_half, message, (Bytes){signature, sizeof(signature)}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		PROMISE(a_saved_key_is_private_and_loads_as_the_same_key),
		PROMISE(never_overwrites_a_key),
		PROMISE(refuses_a_key_that_others_may_read),
		PROMISE(refuses_what_is_no_ed25519_key),
		PROMISE(its_public_half_verifies_its_signature_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
