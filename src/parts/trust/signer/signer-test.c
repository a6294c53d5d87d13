/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/test.h"
#include "base/text.h"
#include "parts/trust/signer/key.h"
#include "parts/trust/updater.h"

enum { NOW = 1790000000, DAY = 24 * 3600 };

static const char path[] = "debian/12/amd64/openssl/3.0.17-1/a/manifest.json";

typedef struct Place {
	char *path;
	int publisher, device; /* directories */
	SignerKey *root, *targets, *snapshot, *timestamp;
	SignerKeys keys;
	char asked[512]; /* what the device asked the server for */
	Error error;
} Place;

static int set_up(void **state)
{
	Place *place = calloc(1, sizeof(*place));
	Error *error = &place->error;

	assert_done(file_temporary_directory("signer-test", &place->path, error), error);
	place->publisher = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_done(file_make_directories(place->publisher, "device", 0755, &place->device, error), error);
	assert_done(signer_key_generate("ed25519", &place->root, error), error);
	assert_done(signer_key_generate("ed25519", &place->targets, error), error);
	assert_done(signer_key_generate("ed25519", &place->snapshot, error), error);
	assert_done(signer_key_generate("ed25519", &place->timestamp, error), error);
	place->keys = (SignerKeys){place->root, place->targets, place->snapshot, place->timestamp};
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	Place *place = *state;

	(void)close(place->publisher);
	(void)close(place->device);
	assert_done(file_remove_tree(AT_FDCWD, place->path, &place->error), &place->error);
	(void)signer_key_free(place->root);
	(void)signer_key_free(place->targets);
	(void)signer_key_free(place->snapshot);
	(void)signer_key_free(place->timestamp);
	free(place->path);
	free(place);
	return 0;
}

static int fetch(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	Place *place = userdata;
	CLEANUP_FREE char *full = NULL;
	size_t used = strlen(place->asked);

	(void)snprintf(place->asked + used, sizeof(place->asked) - used, "%s ", name);
	assert_done(path_join("metadata", name, &full, error), error);
	return file_read(place->publisher, full, max, ret, error);
}

static int load(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	return file_read(((Place *)userdata)->device, name, max, ret, error);
}

static int store(void *userdata, const char *name, Bytes content, Error *error)
{
	return file_replace(((Place *)userdata)->device, name, content, 0644, error);
}

/* A device that trusts the first root. */
static Updater *device(Place *place, int64_t now)
{
	UpdaterIo io = {fetch, load, store, place};
	CLEANUP_BUFFER Buffer root = BUFFER_INIT;
	Updater *updater = NULL;
	Error *error = &place->error;

	place->asked[0] = '\0';
	if (faccessat(place->device, "root.json", F_OK, 0) < 0) {
		assert_done(
			file_read(place->publisher, "metadata/1.root.json", 1 << 20, &root, error), error);
		assert_done(store(place, "root.json", buffer_bytes(&root), error), error);
	}
	assert_done(updater_new(&io, now, &updater, error), error);
	return updater;
}

static void init(Place *place)
{
	assert_done(
		signer_init(place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES, NOW, &place->error),
		&place->error);
}

static SignerTarget put_target(Place *place, const char *target_path, const char *content)
{
	SignerTarget target = {.path = target_path, .length = strlen(content)};
	CLEANUP_FREE char *location = NULL, *directory = NULL;
	Error *error = &place->error;

	assert_done(hash_bytes(bytes_of_text(content), &target.digest, error), error);
	assert_done(signer_target_location(&target, &location, error), error);
	assert_done(
		text_format(&directory, error, "%.*s", (int)(path_basename(location) - location), location),
		error);
	assert_done(file_make_directories(place->publisher, directory, 0755, NULL, error), error);
	assert_done(file_replace(place->publisher, location, bytes_of_text(content), 0644, error), error);
	return target;
}

static int publish(Place *place, const SignerTarget *target, int64_t now)
{
	return signer_publish(
		place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES, now, target, 1, &place->error);
}

static void a_device_finds_what_was_published(void **state)
{
	Place *place = *state;
	Error *error = &place->error;
	CLEANUP(updater_free) Updater *updater = NULL;
	CLEANUP_FREE char *location = NULL, *expected = NULL;
	UpdaterTarget found;
	SignerTarget target;

	init(place);
	target = put_target(place, path, "{}\n");
	assert_done(publish(place, &target, NOW + 1), error);
	updater = device(place, NOW + 2);
	assert_done(updater_refresh(updater, error), error);
	assert_string_equal(place->asked, "2.root.json timestamp.json 2.snapshot.json 2.targets.json ");
	assert_done(updater_find(updater, path, &found, error), error);
	assert_string_equal(found.path, path);
	assert_int_equal(found.length, 3);
	assert_true(digest_equal(&found.digest, &target.digest));
	assert_done(updater_target_location(updater, &found, &location, error), error);
	assert_done(signer_target_location(&target, &expected, error), error);
	assert_string_equal(location, expected + strlen("targets/"));
	assert_int_equal(updater_find(updater, "other", &found, error), UPDATER_ABSENT);
	assert_int_equal(updater_expires(updater), NOW + 1 + 7 * DAY);
}

static void a_second_refresh_asks_only_for_root_and_timestamp(void **state)
{
	Place *place = *state;
	CLEANUP(updater_free) Updater *first = NULL;
	CLEANUP(updater_free) Updater *second = NULL;

	init(place);
	first = device(place, NOW);
	assert_done(updater_refresh(first, &place->error), &place->error);
	second = device(place, NOW);
	assert_done(updater_refresh(second, &place->error), &place->error);
	assert_string_equal(place->asked, "2.root.json timestamp.json ");
}

static void a_refresh_keeps_the_targets_and_their_metadata(void **state)
{
	Place *place = *state;
	Error *error = &place->error;
	CLEANUP(updater_free) Updater *first = NULL;
	CLEANUP(updater_free) Updater *second = NULL;
	SignerTarget target;
	UpdaterTarget found;

	init(place);
	target = put_target(place, path, "{}\n");
	assert_done(publish(place, &target, NOW), error);
	first = device(place, NOW);
	assert_done(updater_refresh(first, error), error);
	/* Timestamp and snapshot have expired by then; targets has not. */
	place->keys.root = place->keys.targets = NULL;
	assert_done(signer_refresh(
			    place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES, NOW + 20 * DAY, error),
		error);
	second = device(place, NOW + 20 * DAY);
	assert_done(updater_refresh(second, error), error);
	assert_string_equal(place->asked, "2.root.json timestamp.json 3.snapshot.json ");
	assert_done(updater_find(second, path, &found, error), error);
}

static void a_refresh_refuses_targets_that_have_expired(void **state)
{
	Place *place = *state;

	init(place);
	assert_fails(signer_refresh(place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES,
			     NOW + 100 * DAY, &place->error),
		&place->error,
		"clients would refuse this publication: the repository's targets metadata expired");
}

static void refuses_a_key_that_root_does_not_know(void **state)
{
	Place *place = *state;
	CLEANUP(signer_key_free) SignerKey *other = NULL;
	CLEANUP_BUFFER Buffer before = BUFFER_INIT, after = BUFFER_INIT;
	Error *error = &place->error;
	SignerTarget target;

	init(place);
	target = put_target(place, path, "{}\n");
	assert_done(signer_key_generate("ed25519", &other, error), error);
	assert_done(file_read(place->publisher, "metadata/timestamp.json", 1 << 20, &before, error), error);
	place->keys.targets = other;
	assert_fails(
		publish(place, &target, NOW), error, "targets metadata is signed by 0 of the 1 keys needed");
	assert_done(file_read(place->publisher, "metadata/timestamp.json", 1 << 20, &after, error), error);
	assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
	assert_int_equal(faccessat(place->publisher, "metadata/2.targets.json", F_OK, 0), -1);
}

static void refuses_a_target_whose_bytes_are_not_there(void **state)
{
	Place *place = *state;
	SignerTarget target;

	init(place);
	target = put_target(place, path, "{}\n");
	target.length = 4;
	assert_fails(publish(place, &target, NOW), &place->error, "is not a file of 4 bytes");
	target.path = "debian/other";
	assert_fails(publish(place, &target, NOW), &place->error, "No such file");
	target.path = "../other";
	assert_fails(publish(place, &target, NOW), &place->error, "not a safe relative path");
}

static void an_interrupted_publication_is_invisible_and_can_be_repeated(void **state)
{
	Place *place = *state;
	Error *error = &place->error;
	CLEANUP(updater_free) Updater *between = NULL;
	CLEANUP(updater_free) Updater *later = NULL;
	CLEANUP_BUFFER Buffer old = BUFFER_INIT;
	SignerTarget target;
	UpdaterTarget found;

	init(place);
	target = put_target(place, path, "{}\n");
	assert_done(file_read(place->publisher, "metadata/timestamp.json", 1 << 20, &old, error), error);
	assert_done(publish(place, &target, NOW), error);
	/* As if the power had gone before the last file. */
	assert_done(
		file_replace(place->publisher, "metadata/timestamp.json", buffer_bytes(&old), 0644, error),
		error);
	between = device(place, NOW);
	assert_done(updater_refresh(between, error), error);
	assert_int_equal(updater_find(between, path, &found, error), UPDATER_ABSENT);
	assert_done(publish(place, &target, NOW + 5), error);
	later = device(place, NOW + 5);
	assert_done(updater_refresh(later, error), error);
	assert_done(updater_find(later, path, &found, error), error);
}

static void refuses_to_init_over_a_repository(void **state)
{
	Place *place = *state;

	init(place);
	assert_fails(
		signer_init(place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES, NOW, &place->error),
		&place->error, "there is a repository here already");
}

static void refuses_to_publish_where_no_repository_is(void **state)
{
	Place *place = *state;

	assert_fails(signer_publish(place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES, NOW, NULL, 0,
			     &place->error),
		&place->error, "there is no repository here");
}

static void refuses_a_second_publisher_at_the_same_time(void **state)
{
	Place *place = *state;
	CLEANUP_CLOSE int held = -1;

	init(place);
	held = openat(place->publisher, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0);
	assert_fails(
		signer_refresh(place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES, NOW, &place->error),
		&place->error, "another publication");
}

static void names_the_key_that_is_missing(void **state)
{
	Place *place = *state;

	init(place);
	place->keys.snapshot = NULL;
	assert_fails(
		signer_refresh(place->publisher, &place->keys, &SIGNER_DEFAULT_LIFETIMES, NOW, &place->error),
		&place->error, "the snapshot key is needed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		PROMISE(a_device_finds_what_was_published),
		PROMISE(a_second_refresh_asks_only_for_root_and_timestamp),
		PROMISE(a_refresh_keeps_the_targets_and_their_metadata),
		PROMISE(a_refresh_refuses_targets_that_have_expired),
		PROMISE(refuses_a_key_that_root_does_not_know),
		PROMISE(refuses_a_target_whose_bytes_are_not_there),
		PROMISE(an_interrupted_publication_is_invisible_and_can_be_repeated),
		PROMISE(refuses_to_init_over_a_repository),
		PROMISE(refuses_to_publish_where_no_repository_is),
		PROMISE(refuses_a_second_publisher_at_the_same_time),
		PROMISE(names_the_key_that_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
