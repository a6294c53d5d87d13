/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/fixture.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "parts/trust/canonical.h"

const char FIXTURE_GOOD[] = "2026-11-01T00:00:00Z";
const char FIXTURE_EXPIRED[] = "2026-09-01T00:00:00Z";

static char *public_text(const FixtureKey *key)
{
	uint8_t raw[32];
	size_t size = sizeof(raw);
	char *text = calloc(1, 4096);
	BIO *bio;

	assert_non_null(text);
	if (strcmp(key->scheme, "ed25519") == 0) {
		assert_int_equal(EVP_PKEY_get_raw_public_key(key->pair, raw, &size), 1);
		hex_encode(raw, size, text);
		return text;
	}
	bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key->pair), 1);
	assert_true(BIO_read(bio, text, 4095) > 0);
	(void)BIO_free(bio);
	return text;
}

static EVP_PKEY *generate(const char *scheme)
{
	if (strcmp(scheme, "ed25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (strcmp(scheme, "ecdsa-sha2-nistp256") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (strcmp(scheme, "ecdsa-sha2-nistp384") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
}

void fixture_key_make(const char *scheme, FixtureKey *ret)
{
	char *text;
	Digest id;

	*ret = (FixtureKey){.pair = generate(scheme), .scheme = scheme};
	assert_non_null(ret->pair);
	text = public_text(ret);
	ret->object = json_pack("{s:s, s:s, s:{s:s}}", "keytype", strncmp(scheme, "rsa", 3) ? scheme : "rsa",
		"scheme", scheme, "keyval", "public", text);
	assert_non_null(ret->object);
	assert_int_equal(canonical_digest(ret->object, &id, NULL), 0);
	(void)digest_to_hex(&id, ret->id);
	free(text);
}

void fixture_key_clear(FixtureKey *key)
{
	EVP_PKEY_free(key->pair);
	json_decref(key->object);
}

char *fixture_signature(const FixtureKey *key, Bytes message)
{
	const char *digest = strcmp(key->scheme, "ed25519") == 0 ? NULL
			     : strstr(key->scheme, "p384")       ? "SHA384"
								 : "SHA256";
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL;
	uint8_t raw[1024];
	size_t size = sizeof(raw);
	char *hex = calloc(1, 2 * sizeof(raw) + 1);

	assert_non_null(hex);
	assert_int_equal(EVP_DigestSignInit_ex(context, &parameters, digest, NULL, NULL, key->pair, NULL), 1);
	if (strncmp(key->scheme, "rsa", 3) == 0)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_DigestSign(context, raw, &size, message.data, message.size), 1);
	EVP_MD_CTX_free(context);
	hex_encode(raw, size, hex);
	return hex;
}

void fixture_make(Fixture *ret)
{
	fixture_key_make("ed25519", &ret->root);
	fixture_key_make("ed25519", &ret->timestamp);
	fixture_key_make("ed25519", &ret->snapshot);
	fixture_key_make("ed25519", &ret->targets);
	fixture_key_make("ed25519", &ret->other);
}

void fixture_clear(Fixture *fixture)
{
	fixture_key_clear(&fixture->root);
	fixture_key_clear(&fixture->timestamp);
	fixture_key_clear(&fixture->snapshot);
	fixture_key_clear(&fixture->targets);
	fixture_key_clear(&fixture->other);
}

static json_t *content(const char *type, int64_t version)
{
	json_t *made = json_pack("{s:s, s:s, s:s, s:I}", "_type", type, "spec_version", "1.0.31", "expires",
		FIXTURE_GOOD, "version", (json_int_t)version);

	assert_non_null(made);
	return made;
}

void fixture_add_key(json_t *root, const char *role, const FixtureKey *key)
{
	json_t *ids = json_object_get(json_object_get(json_object_get(root, "roles"), role), "keyids");

	assert_int_equal(json_object_set(json_object_get(root, "keys"), key->id, key->object), 0);
	assert_int_equal(json_array_append_new(ids, json_string(key->id)), 0);
}

json_t *fixture_root(const Fixture *fixture, int64_t version)
{
	json_t *root = content("root", version);
	json_t *roles = json_pack("{s:{s:[],s:i}, s:{s:[],s:i}, s:{s:[],s:i}, s:{s:[],s:i}}", "root",
		"keyids", "threshold", 1, "timestamp", "keyids", "threshold", 1, "snapshot", "keyids",
		"threshold", 1, "targets", "keyids", "threshold", 1);

	assert_int_equal(json_object_set_new(root, "consistent_snapshot", json_true()), 0);
	assert_int_equal(json_object_set_new(root, "keys", json_object()), 0);
	assert_int_equal(json_object_set_new(root, "roles", roles), 0);
	fixture_add_key(root, "root", &fixture->root);
	fixture_add_key(root, "timestamp", &fixture->timestamp);
	fixture_add_key(root, "snapshot", &fixture->snapshot);
	fixture_add_key(root, "targets", &fixture->targets);
	return root;
}

json_t *fixture_timestamp(int64_t version, int64_t snapshot_version)
{
	json_t *made = content("timestamp", version);
	json_t *meta = json_pack("{s:{s:I}}", "snapshot.json", "version", (json_int_t)snapshot_version);

	assert_int_equal(json_object_set_new(made, "meta", meta), 0);
	return made;
}

json_t *fixture_snapshot(int64_t version, int64_t targets_version)
{
	json_t *made = content("snapshot", version);
	json_t *meta = json_pack("{s:{s:I}}", "targets.json", "version", (json_int_t)targets_version);

	assert_int_equal(json_object_set_new(made, "meta", meta), 0);
	return made;
}

json_t *fixture_targets(int64_t version)
{
	json_t *made = content("targets", version);

	assert_int_equal(json_object_set_new(made, "targets", json_object()), 0);
	return made;
}

void fixture_add_target(json_t *targets, const char *path, int64_t length)
{
	char hex[DIGEST_HEX_SIZE];
	Digest digest;
	json_t *file;

	assert_int_equal(hash_bytes(bytes_of_text(path), &digest, NULL), 0);
	file = json_pack("{s:I, s:{s:s}}", "length", (json_int_t)length, "hashes", "sha256",
		digest_to_hex(&digest, hex));
	assert_int_equal(json_object_set_new(json_object_get(targets, "targets"), path, file), 0);
}

void fixture_delegate(
	json_t *targets, const char *role, const FixtureKey *key, const char *pattern, bool terminating)
{
	json_t *delegations = json_object_get(targets, "delegations");
	json_t *entry = json_pack("{s:s, s:[s], s:i, s:b, s:[s]}", "name", role, "keyids", key->id,
		"threshold", 1, "terminating", terminating, "paths", pattern);

	if (!delegations) {
		delegations = json_pack("{s:{}, s:[]}", "keys", "roles");
		assert_int_equal(json_object_set_new(targets, "delegations", delegations), 0);
	}
	assert_int_equal(json_object_set(json_object_get(delegations, "keys"), key->id, key->object), 0);
	assert_int_equal(json_array_append_new(json_object_get(delegations, "roles"), entry), 0);
}

Buffer fixture_sign_twice(json_t *signed_content, const FixtureKey *first, const FixtureKey *second)
{
	const FixtureKey *keys[] = {first, second};
	json_t *document = json_pack("{s:[], s:o}", "signatures", "signed", signed_content);
	Buffer message = BUFFER_INIT, file = BUFFER_INIT;
	char *text;

	assert_int_equal(canonical_write(signed_content, &message, NULL), 0);
	for (size_t i = 0; i < 2 && keys[i]; i++) {
		char *hex = fixture_signature(keys[i], buffer_bytes(&message));

		assert_int_equal(json_array_append_new(json_object_get(document, "signatures"),
					 json_pack("{s:s, s:s}", "keyid", keys[i]->id, "sig", hex)),
			0);
		free(hex);
	}
	/* Not the canonical form: the signatures must not depend on the file's bytes. */
	text = json_dumps(document, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	assert_non_null(text);
	assert_int_equal(buffer_append(&file, text, strlen(text), NULL), 0);
	free(text);
	json_decref(document);
	buffer_clear(&message);
	return file;
}

Buffer fixture_sign(json_t *signed_content, const FixtureKey *key)
{
	return fixture_sign_twice(signed_content, key, NULL);
}

void fixture_drop(FixtureFiles *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->files[i].name, name) != 0)
			continue;
		free(files->files[i].name);
		buffer_clear(&files->files[i].content);
		files->files[i] = files->files[--files->count];
		return;
	}
}

void fixture_put(FixtureFiles *files, const char *name, Buffer file)
{
	fixture_drop(files, name);
	assert_true(files->count < FIXTURE_FILES_MAX);
	files->files[files->count].name = strdup(name);
	files->files[files->count++].content = file;
}

const Buffer *fixture_get(const FixtureFiles *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].name, name) == 0)
			return &files->files[i].content;
	return NULL;
}

void fixture_files_clear(FixtureFiles *files)
{
	while (files->count > 0)
		fixture_drop(files, files->files[0].name);
}
