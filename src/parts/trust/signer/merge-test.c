/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/merge.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/test.h"
#include "base/text.h"
#include "parts/trust/signer/cosign.h"
#include "parts/trust/signer/test-repository.h"

enum { ROOT = 1 << TEST_ROOT, OTHER = 1 << TEST_OTHER };

static char *path_of(TestRepository *test, const char *name)
{
	char *path = NULL;

	assert_done(path_join(test->path, name, &path, &test->error), &test->error);
	return path;
}

static int merge(TestRepository *test, unsigned keys, const char *name)
{
	Signing signing = test_repository_signing(test, keys, TEST_NOW);
	CLEANUP_FREE char *path = name ? path_of(test, name) : NULL;
	const char *paths[] = {path};

	return merge_drafts(test->publisher, &signing, paths, name ? 1 : 0, &test->error);
}

static int cosign(TestRepository *test, unsigned keys, const char *name)
{
	Signing signing = test_repository_signing(test, keys, TEST_NOW);
	CLEANUP_FREE char *path = path_of(test, name);
	CLEANUP_COSIGN Cosign opened = {.repository = REPOSITORY_INIT};

	assert_done(cosign_open(test->publisher, path, &opened, &test->error), &test->error);
	return cosign_sign(&opened, signing.keys, &test->error);
}

/* Another key for a role; the first one stays or goes. */
static void replace_key(TestRepository *test, const char *role, TestKey key, bool keep)
{
	Signing signing = test_repository_signing(test, 0, TEST_NOW);
	CLEANUP_PUBLIC_HALF PublicHalf other = test_repository_half(test, TEST_OTHER);
	const char *old = signer_key_id(test->keys[key]);
	RoleChange change = {.add = &other, .n_add = 1, .remove = &old, .n_remove = keep ? 0 : 1};

	assert_int_equal(
		signer_change_role(test->publisher, &signing, role, &change, &test->error), SIGNER_DRAFT);
}

static void copy(TestRepository *test, const char *from, const char *to)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	assert_done(file_read(test->publisher, from, 1 << 20, &text, &test->error), &test->error);
	assert_done(file_replace(test->publisher, to, buffer_bytes(&text), 0644, &test->error), &test->error);
}

static bool has(TestRepository *test, const char *name)
{
	return faccessat(test->publisher, name, F_OK, 0) == 0;
}

static void refresh_device(TestRepository *test)
{
	CLEANUP(updater_free) Updater *updater = test_repository_device(test, TEST_NOW);

	assert_done(updater_refresh(updater, &test->error), &test->error);
}

static void a_copy_brings_its_signature_and_the_root_is_published(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	replace_key(test, "timestamp", TEST_TIMESTAMP, true);
	copy(test, "staged/2.root.json", "copy");
	assert_int_equal(merge(test, TEST_ONLINE, "staged/2.root.json"), SIGNER_DRAFT);
	assert_done(cosign(test, ROOT, "copy"), &test->error);
	assert_done(merge(test, TEST_ONLINE | OTHER, "copy"), &test->error);
	assert_true(has(test, "metadata/2.root.json"));
	assert_false(has(test, "staged/2.root.json"));
	refresh_device(test);
}

static void a_role_that_lost_its_key_is_signed_anew_in_the_same_publication(void **state)
{
	static const struct {
		const char *role;
		TestKey key;
	} roles[] = {{"targets", TEST_TARGETS}, {"snapshot", TEST_SNAPSHOT}, {"timestamp", TEST_TIMESTAMP}};
	TestRepository *test = *state;

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		CLEANUP_FREE char *next = NULL, *draft = NULL;

		if (i == 0)
			test_repository_begin(test);
		assert_done(text_format(&next, &test->error, "metadata/%zu.root.json", i + 2), &test->error);
		assert_done(text_format(&draft, &test->error, "staged/%zu.root.json", i + 2), &test->error);
		replace_key(test, roles[i].role, roles[i].key, false);
		assert_done(cosign(test, ROOT, draft), &test->error);
		assert_int_equal(merge(test, TEST_ONLINE, NULL), SIGNER_DRAFT);
		assert_non_null(strstr(test->error.text, "has 0 of the 1 signatures"));
		assert_false(has(test, next));
		assert_done(merge(test, TEST_ONLINE | OTHER, NULL), &test->error);
		assert_true(has(test, next));
		refresh_device(test);
	}
}

static void refuses_a_copy_of_something_else_and_leaves_the_draft(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	replace_key(test, "timestamp", TEST_TIMESTAMP, true);
	copy(test, "staged/2.root.json", "copy");
	replace_key(test, "snapshot", TEST_SNAPSHOT, true);
	assert_done(cosign(test, ROOT, "copy"), &test->error);
	assert_fails(merge(test, TEST_ONLINE, "copy"), &test->error, "a copy of something else");
	assert_false(has(test, "metadata/2.root.json"));
}

static void refuses_to_sign_with_a_key_that_is_none_of_the_roles(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	replace_key(test, "timestamp", TEST_TIMESTAMP, true);
	assert_fails(cosign(test, 1 << TEST_TARGETS, "staged/2.root.json"), &test->error,
		"none of those that sign root");
}

static void refuses_a_version_that_is_not_the_next(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	copy(test, "metadata/1.root.json", "1.root.json");
	assert_fails(merge(test, TEST_ONLINE, "1.root.json"), &test->error, "version 1 is published");
	assert_int_equal(merge(test, TEST_ONLINE, NULL), SIGNER_IDLE);
}

static void refuses_targets_whose_bytes_are_others(void **state)
{
	TestRepository *test = *state;
	Signing signing = test_repository_signing(test, 1 << TEST_TARGETS, TEST_NOW);
	CLEANUP_FREE char *location = NULL;
	Error *error = &test->error;
	SignerTarget target;

	test_repository_begin(test);
	signing = test_repository_signing(test, 1 << TEST_TARGETS, TEST_NOW);
	target = test_repository_put(test, "a/b", "{}\n");
	assert_int_equal(
		signer_add_targets(test->publisher, &signing, "targets", &target, 1, error), SIGNER_DRAFT);
	assert_done(publish_location("a/b", &target.digest, &location, error), error);
	assert_done(file_replace(test->publisher, location, bytes_of_text("[]\n"), 0644, error), error);
	assert_fails(merge(test, TEST_ONLINE, NULL), error, "has other bytes than its name says");
	assert_done(file_replace(test->publisher, location, bytes_of_text("{}\n"), 0644, error), error);
	assert_done(merge(test, TEST_ONLINE, NULL), error);
}

/* To whom TEST_OTHER signs for; the delegation is signed with the keys. */
static int delegate(TestRepository *test, unsigned keys, const char *role)
{
	Signing signing = test_repository_signing(test, keys, TEST_NOW);
	CLEANUP_PUBLIC_HALF PublicHalf half = test_repository_half(test, TEST_OTHER);
	RoleChange change = {.add = &half, .n_add = 1, .pattern = "a/*"};

	return signer_change_role(test->publisher, &signing, role, &change, &test->error);
}

static int take_back(TestRepository *test, unsigned keys, const char *role)
{
	Signing signing = test_repository_signing(test, keys, TEST_NOW);
	RoleChange change = {.end = true};

	return signer_change_role(test->publisher, &signing, role, &change, &test->error);
}

static void what_is_not_finished_waits_and_holds_up_nothing_else(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	assert_int_equal(delegate(test, TEST_ONLINE, "team"), SIGNER_DRAFT);
	replace_key(test, "timestamp", TEST_TIMESTAMP, true);
	assert_done(cosign(test, ROOT, "staged/2.root.json"), &test->error);
	assert_int_equal(merge(test, TEST_ONLINE, NULL), SIGNER_PARTLY);
	assert_non_null(strstr(test->error.text, "team version 1 has 0 of the 1 signatures"));
	assert_non_null(strstr(test->error.text, "targets version 2 waits for metadata of role team"));
	assert_true(has(test, "metadata/2.root.json"));
	assert_false(has(test, "staged/2.root.json"));
	refresh_device(test);
	assert_int_equal(merge(test, TEST_ONLINE, NULL), SIGNER_DRAFT);
	assert_done(cosign(test, OTHER, "staged/1.team.json"), &test->error);
	assert_done(merge(test, TEST_ONLINE, NULL), &test->error);
	assert_true(has(test, "metadata/1.team.json"));
	assert_false(has(test, "staged/2.targets.json"));
	refresh_device(test);
}

static void a_new_root_does_not_make_a_draft_of_targets_void(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	assert_int_equal(delegate(test, TEST_ONLINE, "team"), SIGNER_DRAFT);
	replace_key(test, "targets", TEST_TARGETS, false);
	assert_done(cosign(test, ROOT, "staged/2.root.json"), &test->error);
	assert_int_equal(merge(test, TEST_ONLINE | OTHER, "staged/2.root.json"), SIGNER_DRAFT);
	assert_non_null(strstr(test->error.text, "staged/2.targets.json waits"));
	assert_int_equal(merge(test, TEST_ONLINE | OTHER, NULL), SIGNER_DRAFT);
	assert_false(has(test, "metadata/2.root.json"));
	assert_done(cosign(test, OTHER, "staged/2.targets.json"), &test->error);
	assert_done(cosign(test, OTHER, "staged/1.team.json"), &test->error);
	assert_done(merge(test, TEST_ONLINE | OTHER, NULL), &test->error);
	assert_true(has(test, "metadata/2.root.json"));
	assert_true(has(test, "metadata/1.team.json"));
	refresh_device(test);
}

static void a_draft_of_a_role_that_is_delegated_again_goes_on_from_its_versions(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	assert_done(delegate(test, TEST_ONLINE | OTHER, "team"), &test->error);
	assert_done(take_back(test, TEST_ONLINE, "team"), &test->error);
	assert_int_equal(delegate(test, TEST_ONLINE, "team"), SIGNER_DRAFT);
	assert_done(cosign(test, OTHER, "staged/2.team.json"), &test->error);
	assert_done(merge(test, TEST_ONLINE, NULL), &test->error);
	assert_true(has(test, "metadata/2.team.json"));
}

static void a_draft_of_a_role_that_nobody_delegates_any_more_holds_up_nothing(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	assert_int_equal(delegate(test, 0, "team"), SIGNER_DRAFT);
	assert_int_equal(take_back(test, 0, "team"), SIGNER_DRAFT);
	assert_done(cosign(test, 1 << TEST_TARGETS, "staged/2.targets.json"), &test->error);
	assert_int_equal(merge(test, TEST_ONLINE, NULL), SIGNER_PARTLY);
	assert_non_null(strstr(test->error.text, "nothing is delegated to a role team"));
	assert_true(has(test, "metadata/2.targets.json"));
}

static void the_draft_of_a_role_may_have_any_name(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	assert_int_equal(delegate(test, TEST_ONLINE, "team:a+b"), SIGNER_DRAFT);
	assert_done(cosign(test, OTHER, "staged/1.team%3Aa%2Bb.json"), &test->error);
	assert_done(merge(test, TEST_ONLINE, NULL), &test->error);
	assert_true(has(test, "metadata/1.team%3Aa%2Bb.json"));
}

static void two_who_sign_in_one_place_do_not_overwrite_each_other(void **state)
{
	TestRepository *test = *state;
	CLEANUP_FREE char *path = path_of(test, "staged/2.root.json");
	CLEANUP_COSIGN Cosign first = {.repository = REPOSITORY_INIT}, second = first;

	test_repository_begin(test);
	replace_key(test, "timestamp", TEST_TIMESTAMP, true);
	assert_done(cosign_open(test->publisher, path, &first, &test->error), &test->error);
	assert_fails(cosign_open(test->publisher, path, &second, &test->error), &test->error, "try again");
	assert_fails(merge(test, TEST_ONLINE, NULL), &test->error, "is under way");
}

static void refuses_few_bytes_that_would_be_many_when_they_are_written(void **state)
{
	static const char before[] = "{\"signatures\": [], \"signed\": {\"_type\": \"targets\", \"x\": ";
	TestRepository *test = *state;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error *error = &test->error;

	test_repository_begin(test);
	assert_done(buffer_append(&text, before, strlen(before), error), error);
	for (size_t i = 0; i < 1000; i++)
		assert_done(buffer_append(&text, "[", 1, error), error);
	for (size_t i = 0; i < 1000; i++)
		assert_done(buffer_append(&text, "]", 1, error), error);
	assert_done(buffer_append(&text, "}}", 2, error), error);
	assert_done(file_replace(test->publisher, "2.targets.json", buffer_bytes(&text), 0644, error), error);
	assert_fails(merge(test, TEST_ONLINE, "2.targets.json"), error, "is nested deeper");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, test_repository_set_up, test_repository_tear_down)
		PROMISE(a_copy_brings_its_signature_and_the_root_is_published),
		PROMISE(a_role_that_lost_its_key_is_signed_anew_in_the_same_publication),
		PROMISE(refuses_a_copy_of_something_else_and_leaves_the_draft),
		PROMISE(refuses_to_sign_with_a_key_that_is_none_of_the_roles),
		PROMISE(refuses_a_version_that_is_not_the_next),
		PROMISE(refuses_targets_whose_bytes_are_others),
		PROMISE(what_is_not_finished_waits_and_holds_up_nothing_else),
		PROMISE(a_new_root_does_not_make_a_draft_of_targets_void),
		PROMISE(a_draft_of_a_role_that_is_delegated_again_goes_on_from_its_versions),
		PROMISE(a_draft_of_a_role_that_nobody_delegates_any_more_holds_up_nothing),
		PROMISE(the_draft_of_a_role_may_have_any_name),
		PROMISE(two_who_sign_in_one_place_do_not_overwrite_each_other),
		PROMISE(refuses_few_bytes_that_would_be_many_when_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
