/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "parts/trust/signer/test-repository.h"

static const char path[] = "debian/12/amd64/openssl/3.0.17-1/a/manifest.json";

static int publish_with(TestRepository *test, unsigned keys, const SignerTarget *target, int64_t now)
{
	Signing signing = test_repository_signing(test, keys, now);

	return signer_add_targets(test->publisher, &signing, "targets", target, 1, &test->error);
}

static int publish(TestRepository *test, const SignerTarget *target, int64_t now)
{
	return publish_with(test, TEST_ONLINE, target, now);
}

static int refresh_with(TestRepository *test, unsigned keys, int64_t now)
{
	Signing signing = test_repository_signing(test, keys, now);

	return signer_refresh(test->publisher, &signing, NULL, &test->error);
}

enum { ONLY_INDEX = 1 << TEST_SNAPSHOT | 1 << TEST_TIMESTAMP };

static void a_device_finds_what_was_published(void **state)
{
	TestRepository *test = *state;
	Error *error = &test->error;
	CLEANUP(updater_free) Updater *updater = NULL;
	CLEANUP_FREE char *location = NULL, *expected = NULL;
	UpdaterTarget found;
	SignerTarget target;

	test_repository_begin(test);
	target = test_repository_put(test, path, "{}\n");
	assert_done(publish(test, &target, TEST_NOW + 1), error);
	updater = test_repository_device(test, TEST_NOW + 2);
	assert_done(updater_refresh(updater, error), error);
	assert_string_equal(test->asked, "2.root.json timestamp.json 2.snapshot.json 2.targets.json ");
	assert_done(updater_find(updater, path, &found, error), error);
	assert_string_equal(found.path, path);
	assert_int_equal(found.length, 3);
	assert_true(digest_equal(&found.digest, &target.digest));
	assert_done(updater_target_location(updater, &found, &location, error), error);
	assert_done(publish_location(path, &target.digest, &expected, error), error);
	assert_string_equal(location, expected + strlen("targets/"));
	assert_int_equal(updater_find(updater, "other", &found, error), UPDATER_ABSENT);
	assert_int_equal(updater_expires(updater), TEST_NOW + 1 + 7 * TEST_DAY);
}

static void a_second_refresh_asks_only_for_root_and_timestamp(void **state)
{
	TestRepository *test = *state;
	CLEANUP(updater_free) Updater *first = NULL;
	CLEANUP(updater_free) Updater *second = NULL;

	test_repository_begin(test);
	first = test_repository_device(test, TEST_NOW);
	assert_done(updater_refresh(first, &test->error), &test->error);
	second = test_repository_device(test, TEST_NOW);
	assert_done(updater_refresh(second, &test->error), &test->error);
	assert_string_equal(test->asked, "2.root.json timestamp.json ");
}

static void a_refresh_keeps_the_targets_and_their_metadata(void **state)
{
	TestRepository *test = *state;
	Error *error = &test->error;
	CLEANUP(updater_free) Updater *first = NULL;
	CLEANUP(updater_free) Updater *second = NULL;
	SignerTarget target;
	UpdaterTarget found;

	test_repository_begin(test);
	target = test_repository_put(test, path, "{}\n");
	assert_done(publish(test, &target, TEST_NOW), error);
	first = test_repository_device(test, TEST_NOW);
	assert_done(updater_refresh(first, error), error);
	/* Timestamp and snapshot have expired by then; targets has not. */
	assert_done(refresh_with(test, ONLY_INDEX, TEST_NOW + 20 * TEST_DAY), error);
	second = test_repository_device(test, TEST_NOW + 20 * TEST_DAY);
	assert_done(updater_refresh(second, error), error);
	assert_string_equal(test->asked, "2.root.json timestamp.json 3.snapshot.json ");
	assert_done(updater_find(second, path, &found, error), error);
}

static void a_refresh_refuses_targets_that_have_expired(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	assert_fails(refresh_with(test, ONLY_INDEX, TEST_NOW + 100 * TEST_DAY), &test->error,
		"clients would refuse this publication: the repository's targets metadata expired");
	assert_done(refresh_with(test, TEST_ONLINE, TEST_NOW + 100 * TEST_DAY), &test->error);
}

static void refuses_a_clock_that_is_far_back(void **state)
{
	TestRepository *test = *state;

	test_repository_begin(test);
	assert_fails(refresh_with(test, ONLY_INDEX, 946684800), &test->error,
		"the clock says 2000-01-01T00:00:00Z");
	assert_done(refresh_with(test, ONLY_INDEX, TEST_NOW - TEST_DAY), &test->error);
}

static void refuses_a_key_that_root_does_not_know(void **state)
{
	TestRepository *test = *state;
	CLEANUP_BUFFER Buffer before = BUFFER_INIT, after = BUFFER_INIT;
	Error *error = &test->error;
	SignerTarget target;

	test_repository_begin(test);
	target = test_repository_put(test, path, "{}\n");
	assert_done(file_read(test->publisher, "metadata/timestamp.json", 1 << 20, &before, error), error);
	assert_fails(publish_with(test, 1 << TEST_OTHER | ONLY_INDEX, &target, TEST_NOW), error,
		"none of the keys at hand may sign for role targets");
	assert_done(file_read(test->publisher, "metadata/timestamp.json", 1 << 20, &after, error), error);
	assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
	assert_int_equal(faccessat(test->publisher, "metadata/2.targets.json", F_OK, 0), -1);
}

static void what_lacks_signatures_waits_and_is_not_overtaken(void **state)
{
	TestRepository *test = *state;
	Error *error = &test->error;
	SignerTarget target;

	test_repository_begin(test);
	target = test_repository_put(test, path, "{}\n");
	assert_int_equal(publish_with(test, 1 << TEST_TARGETS, &target, TEST_NOW), SIGNER_DRAFT);
	assert_non_null(strstr(error->text, "snapshot version 2 has 0 of the 1 signatures"));
	assert_int_equal(faccessat(test->publisher, "metadata/2.targets.json", F_OK, 0), -1);
	assert_int_equal(faccessat(test->publisher, "staged/2.targets.json", F_OK, 0), 0);
	assert_fails(publish(test, &target, TEST_NOW), error, "staged/2.targets.json waits for publication");
	assert_done(refresh_with(test, TEST_ONLINE, TEST_NOW), error);
	assert_int_equal(faccessat(test->publisher, "staged/2.targets.json", F_OK, 0), 0);
}

static void refuses_a_target_whose_bytes_are_not_there(void **state)
{
	TestRepository *test = *state;
	SignerTarget target;

	test_repository_begin(test);
	target = test_repository_put(test, path, "{}\n");
	target.length = 4;
	assert_fails(publish(test, &target, TEST_NOW), &test->error, "is not a file of 4 bytes");
	target.path = "debian/other";
	assert_fails(publish(test, &target, TEST_NOW), &test->error, "No such file");
	target.path = "../other";
	assert_fails(publish(test, &target, TEST_NOW), &test->error, "not a safe relative path");
}

static void an_interrupted_publication_is_invisible_and_can_be_repeated(void **state)
{
	TestRepository *test = *state;
	Error *error = &test->error;
	CLEANUP(updater_free) Updater *between = NULL;
	CLEANUP(updater_free) Updater *later = NULL;
	CLEANUP_BUFFER Buffer old = BUFFER_INIT;
	SignerTarget target;
	UpdaterTarget found;

	test_repository_begin(test);
	target = test_repository_put(test, path, "{}\n");
	assert_done(file_read(test->publisher, "metadata/timestamp.json", 1 << 20, &old, error), error);
	assert_done(publish(test, &target, TEST_NOW), error);
	/* As if the power had gone before the last file. */
	assert_done(file_replace(test->publisher, "metadata/timestamp.json", buffer_bytes(&old), 0644, error),
		error);
	between = test_repository_device(test, TEST_NOW);
	assert_done(updater_refresh(between, error), error);
	assert_int_equal(updater_find(between, path, &found, error), UPDATER_ABSENT);
	assert_done(publish(test, &target, TEST_NOW + 5), error);
	later = test_repository_device(test, TEST_NOW + 5);
	assert_done(updater_refresh(later, error), error);
	assert_done(updater_find(later, path, &found, error), error);
}

static void refuses_to_begin_over_a_repository(void **state)
{
	TestRepository *test = *state;
	Signing signing = test_repository_signing(test, TEST_ONLINE, TEST_NOW);

	test_repository_begin(test);
	assert_fails(signer_begin(test->publisher, &signing, NULL, &test->error), &test->error,
		"there is a repository here already");
}

static void refuses_to_publish_where_no_repository_is(void **state)
{
	TestRepository *test = *state;

	assert_fails(publish(test, NULL, TEST_NOW), &test->error, "there is no repository here");
}

static void refuses_a_second_publisher_at_the_same_time(void **state)
{
	TestRepository *test = *state;
	CLEANUP_CLOSE int held = -1;

	test_repository_begin(test);
	held = openat(test->publisher, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0);
	assert_fails(refresh_with(test, TEST_ONLINE, TEST_NOW), &test->error, "another publication");
}

static void names_the_key_that_is_missing(void **state)
{
	TestRepository *test = *state;
	char id[17];

	test_repository_begin(test);
	(void)snprintf(id, sizeof(id), "%.16s", signer_key_id(test->keys[TEST_SNAPSHOT]));
	assert_fails(refresh_with(test, 1 << TEST_TIMESTAMP, TEST_NOW), &test->error, id);
	assert_non_null(strstr(test->error.text, "snapshot version 2 has 0 of the 1 signatures"));
}

static void changing_a_role_of_root_makes_an_unsigned_draft(void **state)
{
	TestRepository *test = *state;
	Signing signing = test_repository_signing(test, TEST_ONLINE | 1 << TEST_ROOT, TEST_NOW);
	CLEANUP_PUBLIC_HALF PublicHalf other = test_repository_half(test, TEST_OTHER);
	const char *old = signer_key_id(test->keys[TEST_TIMESTAMP]);
	RoleChange add = {.add = &other, .n_add = 1}, remove = {.remove = &old, .n_remove = 1};
	Error *error = &test->error;

	test_repository_begin(test);
	assert_fails(signer_change_role(test->publisher, &signing, "timestamp", &remove, error), error,
		"would have 0 keys where 1 must sign");
	assert_int_equal(
		signer_change_role(test->publisher, &signing, "timestamp", &add, error), SIGNER_DRAFT);
	assert_int_equal(
		signer_change_role(test->publisher, &signing, "timestamp", &remove, error), SIGNER_DRAFT);
	assert_non_null(strstr(error->text, "root version 2 has 0 of the 1 signatures"));
	assert_fails(signer_change_role(test->publisher, &signing, "nobody", &add, error), error,
		"nothing is delegated to a role nobody");
}

static void a_delegated_role_and_its_first_metadata_come_together(void **state)
{
	TestRepository *test = *state;
	Signing signing = test_repository_signing(test, TEST_ONLINE | 1 << TEST_OTHER, TEST_NOW);
	CLEANUP(updater_free) Updater *updater = NULL;
	CLEANUP_PUBLIC_HALF PublicHalf other = test_repository_half(test, TEST_OTHER);
	RoleChange change = {.add = &other, .n_add = 1, .pattern = "debian/12/*/openssl/*/*/*"};
	Error *error = &test->error;
	SignerTarget target, foreign;
	UpdaterTarget found;

	test_repository_begin(test);
	signing = test_repository_signing(test, TEST_ONLINE | 1 << TEST_OTHER, TEST_NOW);
	assert_done(signer_change_role(test->publisher, &signing, "team", &change, error), error);
	target = test_repository_put(test, path, "{}\n");
	foreign = test_repository_put(test, "debian/12/amd64/zlib/1/a/manifest.json", "{}\n");
	assert_done(signer_add_targets(test->publisher, &signing, "team", &target, 1, error), error);
	assert_fails(signer_add_targets(test->publisher, &signing, "team", &foreign, 1, error), error,
		"role team may not sign debian/12/amd64/zlib/1/a/manifest.json");
	updater = test_repository_device(test, TEST_NOW);
	assert_done(updater_refresh(updater, error), error);
	assert_done(updater_find(updater, path, &found, error), error);
}

static void what_another_role_speaks_for_first_is_not_published_in_vain(void **state)
{
	TestRepository *test = *state;
	Signing signing = test_repository_signing(test, TEST_ONLINE | 1 << TEST_OTHER, TEST_NOW);
	CLEANUP_PUBLIC_HALF PublicHalf other = test_repository_half(test, TEST_OTHER);
	RoleChange change = {.add = &other, .n_add = 1, .pattern = "debian/12/*/openssl/*/*/*"};
	Error *error = &test->error;
	SignerTarget target;

	test_repository_begin(test);
	target = test_repository_put(test, path, "{}\n");
	assert_done(publish(test, &target, TEST_NOW), error);
	signing = test_repository_signing(test, TEST_ONLINE | 1 << TEST_OTHER, TEST_NOW);
	assert_done(signer_change_role(test->publisher, &signing, "team", &change, error), error);
	target = test_repository_put(test, path, "[]\n");
	assert_fails(signer_add_targets(test->publisher, &signing, "team", &target, 1, error), error,
		"another role speaks for it first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, test_repository_set_up, test_repository_tear_down)
		PROMISE(a_device_finds_what_was_published),
		PROMISE(a_second_refresh_asks_only_for_root_and_timestamp),
		PROMISE(a_refresh_keeps_the_targets_and_their_metadata),
		PROMISE(a_refresh_refuses_targets_that_have_expired),
		PROMISE(refuses_a_key_that_root_does_not_know),
		PROMISE(refuses_a_clock_that_is_far_back),
		PROMISE(refuses_a_target_whose_bytes_are_not_there),
		PROMISE(an_interrupted_publication_is_invisible_and_can_be_repeated),
		PROMISE(refuses_to_begin_over_a_repository),
		PROMISE(refuses_to_publish_where_no_repository_is),
		PROMISE(refuses_a_second_publisher_at_the_same_time),
		PROMISE(names_the_key_that_is_missing),
		PROMISE(what_lacks_signatures_waits_and_is_not_overtaken),
		PROMISE(changing_a_role_of_root_makes_an_unsigned_draft),
		PROMISE(a_delegated_role_and_its_first_metadata_come_together),
		PROMISE(what_another_role_speaks_for_first_is_not_published_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
