/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/test-repository.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/test.h"
#include "base/text.h"
#include "parts/trust/signer/role-list.h"

int test_repository_set_up(void **state)
{
	TestRepository *test = calloc(1, sizeof(*test));
	Error *error = &test->error;

	assert_done(file_temporary_directory("signer-test", &test->path, error), error);
	test->publisher = open(test->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_done(file_make_directories(test->publisher, "device", 0755, &test->device, error), error);
	for (size_t i = 0; i < TEST_KEYS; i++)
		assert_done(signer_key_generate("ed25519", &test->keys[i], error), error);
	*state = test;
	return 0;
}

int test_repository_tear_down(void **state)
{
	TestRepository *test = *state;

	(void)close(test->publisher);
	(void)close(test->device);
	assert_done(file_remove_tree(AT_FDCWD, test->path, &test->error), &test->error);
	for (size_t i = 0; i < TEST_KEYS; i++)
		(void)signer_key_free(test->keys[i]);
	free(test->path);
	free(test);
	return 0;
}

Signing test_repository_signing(TestRepository *test, unsigned keys, int64_t now)
{
	test->at_hand = (KeySet){test->hand, 0};
	for (size_t i = 0; i < TEST_KEYS; i++)
		if (keys & 1U << i)
			test->hand[test->at_hand.count++] = test->keys[i];
	return (Signing){&test->at_hand, SIGNER_DEFAULT_LIFETIMES, now};
}

PublicHalf test_repository_half(const TestRepository *test, TestKey key)
{
	PublicHalf half = {.object = json_incref(signer_key_public(test->keys[key]))};

	(void)snprintf(half.id, sizeof(half.id), "%s", signer_key_id(test->keys[key]));
	return half;
}

void test_repository_begin(TestRepository *test)
{
	static const char *const roles[] = {"root", "targets", "snapshot", "timestamp"};
	Signing signing = test_repository_signing(test, TEST_ONLINE | 1 << TEST_ROOT, TEST_NOW);
	CLEANUP_JSON json_t *root = NULL;
	Error *error = &test->error;

	assert_done(content_new_root(&root, error), error);
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		CLEANUP_PUBLIC_HALF PublicHalf half = test_repository_half(test, (TestKey)i);
		RoleEntry entry;

		assert_done(role_list_find(root, roles[i], &entry, error), error);
		assert_done(role_list_add_key(&entry, &half, error), error);
	}
	assert_done(signer_begin(test->publisher, &signing, root, error), error);
}

SignerTarget test_repository_put(TestRepository *test, const char *path, const char *content)
{
	SignerTarget target = {.path = path, .length = strlen(content)};
	CLEANUP_FREE char *location = NULL, *directory = NULL;
	Error *error = &test->error;

	assert_done(hash_bytes(bytes_of_text(content), &target.digest, error), error);
	assert_done(publish_location(path, &target.digest, &location, error), error);
	assert_done(
		text_format(&directory, error, "%.*s", (int)(path_basename(location) - location), location),
		error);
	assert_done(file_make_directories(test->publisher, directory, 0755, NULL, error), error);
	assert_done(file_replace(test->publisher, location, bytes_of_text(content), 0644, error), error);
	return target;
}

static int fetch(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	TestRepository *test = userdata;
	CLEANUP_FREE char *full = NULL;
	size_t used = strlen(test->asked);

	(void)snprintf(test->asked + used, sizeof(test->asked) - used, "%s ", name);
	assert_done(path_join("metadata", name, &full, error), error);
	return file_read(test->publisher, full, max, ret, error);
}

static int load(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	return file_read(((TestRepository *)userdata)->device, name, max, ret, error);
}

static int store(void *userdata, const char *name, Bytes content, Error *error)
{
	return file_replace(((TestRepository *)userdata)->device, name, content, 0644, error);
}

Updater *test_repository_device(TestRepository *test, int64_t now)
{
	UpdaterIo io = {fetch, load, store, test};
	CLEANUP_BUFFER Buffer root = BUFFER_INIT;
	Updater *updater = NULL;
	Error *error = &test->error;

	test->asked[0] = '\0';
	if (faccessat(test->device, "root.json", F_OK, 0) < 0) {
		assert_done(file_read(test->publisher, "metadata/1.root.json", 1 << 20, &root, error), error);
		assert_done(store(test, "root.json", buffer_bytes(&root), error), error);
	}
	assert_done(updater_new(&io, now, &updater, error), error);
	return updater;
}
