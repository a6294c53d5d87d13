/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A device whose trusted root is fixed meets a hostile server. The input is one byte and then up to five
 * files, separated by zero bytes: root, timestamp, snapshot, targets, and what every delegated role gets.
 * With an even first byte they are served as they are. With an odd one each is the signed part, which is
 * signed here with the one key that the root trusts: so what is behind the signatures is reached as well.
 */

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "parts/trust/canonical.h"
#include "parts/trust/updater.h"

enum { FILES = 5, KEY_SIZE = 32, SIGNATURE_SIZE = 64, NOW = 1790000000, INPUT_MAX = 65536 };

/* The private key is 32 times 'k'. */
#define KEY_ID "e9e43b418c85a50e07c5cf67e8dd1c8363670201173d056d23eb4fd2025a93be"

static const char root_content[] =
	"{\"_type\":\"root\",\"consistent_snapshot\":true,\"expires\":\"2030-01-01T00:00:00Z\","
	"\"keys\":{\"" KEY_ID "\":{\"keytype\":\"ed25519\",\"keyval\":{\"public\":"
	"\"8320a51977d8c38ca8a4927c670df5821e449761945e15e9efb26a1509d230ea\"},\"scheme\":\"ed25519\"}},"
	"\"roles\":{\"root\":{\"keyids\":[\"" KEY_ID "\"],\"threshold\":1},"
	"\"snapshot\":{\"keyids\":[\"" KEY_ID "\"],\"threshold\":1},\"targets\":{\"keyids\":[\"" KEY_ID
	"\"],\"threshold\":1},"
	"\"timestamp\":{\"keyids\":[\"" KEY_ID
	"\"],\"threshold\":1}},\"spec_version\":\"1.0.31\",\"version\":1}";

typedef struct Server {
	Bytes files[FILES];
	bool signs;
	unsigned requests;
} Server;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int sign(Bytes content, Buffer *ret, Error *error)
{
	uint8_t seed[KEY_SIZE], signature[SIGNATURE_SIZE];
	char hex[2 * SIGNATURE_SIZE + 1];
	CLEANUP_JSON json_t *value = NULL;
	CLEANUP_BUFFER Buffer message = BUFFER_INIT;
	EVP_PKEY *key;
	EVP_MD_CTX *context;
	size_t size = sizeof(signature);

	if (json_parse(content, INPUT_MAX, &value, error) < 0 || canonical_write(value, &message, error) < 0)
		return -1;
	memset(seed, 'k', sizeof(seed));
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	context = EVP_MD_CTX_new();
	require(key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
	require(EVP_DigestSign(context, signature, &size, message.data, message.size) == 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	hex_encode(signature, sizeof(signature), hex);
	if (buffer_append_format(ret, error,
		    "{\"signatures\":[{\"keyid\":\"" KEY_ID "\",\"sig\":\"%s\"}],\"signed\":", hex) < 0 ||
		buffer_append(ret, content.data, content.size, error) < 0)
		return -1;
	return buffer_append(ret, "}", 1, error);
}

static size_t file_of_name(const char *name)
{
	static const char *const roles[FILES - 1] = {"root", "timestamp", "snapshot", "targets"};
	const char *dot = strchr(name, '.');
	const char *role = dot && strchr(dot + 1, '.') ? dot + 1 : name;

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		if (strncmp(role, roles[i], strlen(roles[i])) == 0)
			return i;
	return FILES - 1;
}

static int fetch(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	Server *server = userdata;
	Bytes content = server->files[file_of_name(name)];

	require(!strchr(name, '/') && strlen(name) < 256);
	server->requests++;
	if (content.size == 0 || (strstr(name, ".root.json") && strcmp(name, "2.root.json") != 0))
		return UPDATER_ABSENT;
	if ((server->signs ? sign(content, ret, error)
			   : buffer_append(ret, content.data, content.size, error)) < 0)
		return -1;
	return ret->size > max ? error_set(error, "too long") : 0;
}

static int load(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	(void)userdata, (void)max;
	return strcmp(name, "root.json") == 0 ? sign(bytes_of_text(root_content), ret, error)
					      : UPDATER_ABSENT;
}

static int store(void *userdata, const char *name, Bytes content, Error *error)
{
	(void)userdata, (void)content, (void)error;
	require(!strchr(name, '/') && strlen(name) < 256);
	return 0;
}

static int visit(void *userdata, const UpdaterTarget *target, Error *error)
{
	Updater *updater = userdata;
	CLEANUP_FREE char *location = NULL;
	UpdaterTarget again;

	require(updater_find(updater, target->path, &again, error) == 0);
	require(digest_equal(&again.digest, &target->digest));
	if (updater_target_location(updater, target, &location, error) == 0)
		require(location[0] != '/' && !strstr(location, "../"));
	return 0;
}

/* That the key is the one that the root trusts: else nothing behind the signatures would ever be reached. */
static void check_that_a_good_server_is_accepted(void)
{
	static const char common[] = "\"spec_version\":\"1.0.31\",\"version\":1,"
				     "\"expires\":\"2030-01-01T00:00:00Z\"";
	static bool is_checked;
	char texts[FILES][256];
	Server server = {.signs = true};
	UpdaterIo io = {fetch, load, store, &server};
	CLEANUP(updater_free) Updater *updater = NULL;

	if (is_checked)
		return;
	is_checked = true;
	(void)snprintf(texts[1], sizeof(texts[1]),
		"{\"_type\":\"timestamp\",%s,\"meta\":{\"snapshot.json\":{\"version\":1}}}", common);
	(void)snprintf(texts[2], sizeof(texts[2]),
		"{\"_type\":\"snapshot\",%s,\"meta\":{\"targets.json\":{\"version\":1}}}", common);
	(void)snprintf(texts[3], sizeof(texts[3]), "{\"_type\":\"targets\",%s,\"targets\":{}}", common);
	for (size_t i = 1; i < FILES - 1; i++)
		server.files[i] = bytes_of_text(texts[i]);
	require(updater_new(&io, NOW, &updater, NULL) == 0);
	require(updater_refresh(updater, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Server server = {.signs = size > 0 && data[0] & 1};
	UpdaterIo io = {fetch, load, store, &server};
	CLEANUP(updater_free) Updater *updater = NULL;
	UpdaterTarget target;

	check_that_a_good_server_is_accepted();
	if (size == 0 || size > INPUT_MAX)
		return 0;
	data++, size--;
	for (size_t i = 0; i < FILES && size > 0; i++) {
		const uint8_t *end = memchr(data, 0, size);
		size_t length = end ? (size_t)(end - data) : size;

		server.files[i] = (Bytes){data, length};
		data += length + (end != NULL);
		size -= length + (end != NULL);
	}
	require(updater_new(&io, NOW, &updater, NULL) == 0);
	if (updater_refresh(updater, NULL) == 0) {
		(void)updater_find(updater, "debian/12/amd64/openssl", &target, NULL);
		(void)updater_each(updater, "debian/", visit, updater, NULL);
	}
	require(server.requests < 2048);
	return 0;
}
