/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "programs/publisher/contents.h"
#include "programs/publisher/deltas.h"
#include "programs/publisher/first-root.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/outcome.h"
#include "programs/publisher/release.h"
#include "programs/publisher/verify.h"

/* A repository with keys, and trees "base", "fixed" and "better": a library that is renamed, a file that
 * goes. */
typedef struct Fixture {
	char directory[32];
	int fd;
	char repository[64], keys[64], base[64], fixed[64], better[64], os_release[64];
	const char *base_word, *fixed_word;
	PublisherSettings settings;
} Fixture;

static void write_file(Fixture *fixture, const char *path, const char *content, size_t repeat)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_FREE char *parent = NULL;
	Error error = ERROR_INIT;
	const struct timespec times[2] = {{1700000000, 0}, {1700000000, 0}};

	for (size_t i = 0; i < repeat; i++)
		assert_done(buffer_append_format(&text, &error, "%s %zu\n", content, i * i), &error);
	assert_done(text_format(&parent, &error, "%.*s", (int)(strrchr(path, '/') - path), path), &error);
	assert_done(file_make_directories(fixture->fd, parent, 0755, NULL, &error), &error);
	assert_done(file_replace(fixture->fd, path, buffer_bytes(&text), 0644, &error), &error);
	assert_int_equal(utimensat(fixture->fd, path, times, 0), 0);
}

static void make_trees(Fixture *fixture)
{
	Error error = ERROR_INIT;

	write_file(fixture, "base/usr/lib/libfoo.so.1.1", "flawed", 5000);
	write_file(fixture, "base/usr/lib/gone", "gone", 1);
	write_file(fixture, "base/usr/share/doc/foo/changelog", "old", 1);
	write_file(fixture, "fixed/usr/lib/libfoo.so.1.2", "mended", 5000);
	write_file(fixture, "fixed/usr/share/doc/foo/changelog", "new", 1);
	write_file(fixture, "better/usr/lib/libfoo.so.1.2", "mended", 4999);
	write_file(fixture, "better/usr/lib/gone", "gone", 1);
	assert_int_equal(symlinkat("libfoo.so.1.1", fixture->fd, "base/usr/lib/libfoo.so.1"), 0);
	assert_int_equal(symlinkat("libfoo.so.1.2", fixture->fd, "fixed/usr/lib/libfoo.so.1"), 0);
	assert_int_equal(symlinkat("libfoo.so.1.2", fixture->fd, "better/usr/lib/libfoo.so.1"), 0);
	assert_done(file_replace(fixture->fd, "os-release", bytes_of_text("ID=debian\nVERSION_ID=12\n"), 0644,
			    &error),
		&error);
}

static void make_repository(Fixture *fixture)
{
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};
	CLEANUP_CLOSE int directory = -1, keys_fd = -1;
	CLEANUP_JSON json_t *root = NULL;
	Error error = ERROR_INIT;
	Signing signing;

	assert_done(keys_make_directory(fixture->keys, &keys_fd, &error), &error);
	assert_done(first_root_make(keys_fd, "ed25519", NULL, 0, 1, &keys, &root, &error), &error);
	assert_done(outcome_signing(&fixture->settings, &keys, &signing, &error), &error);
	assert_done(file_make_directories(fixture->fd, "repository", 0755, &directory, &error), &error);
	assert_done(signer_begin(directory, &signing, root, &error), &error);
}

static int set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));
	const char *names[] = {"repository", "keys", "base", "fixed", "better", "os-release"};

	assert_non_null(fixture);
	*fixture = (Fixture){.directory = "/tmp/suture-release-XXXXXX"};
	assert_non_null(mkdtemp(fixture->directory));
	fixture->fd = open(fixture->directory, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)snprintf((char *)fixture + offsetof(Fixture, repository) + i * sizeof(fixture->keys),
			sizeof(fixture->keys), "%s/%s", fixture->directory, names[i]);
	fixture->base_word = fixture->base;
	fixture->fixed_word = fixture->fixed;
	fixture->settings = (PublisherSettings){.repository = fixture->repository,
		.keys = fixture->keys,
		.component = "foo",
		.os_release = fixture->os_release,
		.architecture = "amd64",
		.base_version = "1:1.1",
		.fixed_version = "1:1.2",
		.released = "2026-11-24T06:35:07Z",
		.base = {&fixture->base_word, 1},
		.fixed = {&fixture->fixed_word, 1}};
	make_trees(fixture);
	make_repository(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;

	close(fixture->fd);
	assert_done(file_remove_tree(AT_FDCWD, fixture->directory, &error), &error);
	free(fixture);
	return 0;
}

/* Whiteouts and foreign owners need root; so does what an unprivileged container forbids. */
static void skip_unless_root(void)
{
	if (geteuid() != 0)
		skip();
}

static int make(Fixture *fixture, Release *release, Error *error)
{
	int r;

	*release = (Release){.settings = &fixture->settings};
	if (keys_at_hand(&fixture->settings, &release->keys, error) < 0 ||
		published_open(fixture->repository, NULL, true, &release->repository, error) < 0 ||
		release_read(release, error) < 0)
		return -1;
	r = release_take_letter(release, error);
	if (r != 0)
		return r;
	return release_build(release, error) < 0 || release_pack(release, error) < 0 ? -1 : 0;
}

static void publish(Fixture *fixture)
{
	Error error = ERROR_INIT;
	Release release;

	assert_done(make(fixture, &release, &error), &error);
	assert_done(release_publish(&release, &error), &error);
	release_clear(&release);
}

static VerifyReport verify(Fixture *fixture, bool with_base)
{
	const OptionList none = {NULL, 0};
	VerifyReport report = {.n_problems = 99};
	Error error = ERROR_INIT;

	assert_done(verify_repository(fixture->repository, NULL, with_base ? &fixture->settings.base : &none,
			    stdout, &report, &error),
		&error);
	return report;
}

static void what_is_published_is_sound(void **state)
{
	Fixture *fixture = *state;
	VerifyReport report;

	skip_unless_root();
	publish(fixture);
	report = verify(fixture, true);
	assert_int_equal(report.n_problems, 0);
	assert_int_equal(report.n_improvements, 1);
	assert_int_equal(report.n_targets, 3);
	assert_int_equal(report.n_untried, 0);
	assert_int_equal(verify(fixture, false).n_untried, 1);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	Release first, second;

	skip_unless_root();
	assert_done(make(fixture, &first, &error), &error);
	first.repository = published_free(first.repository);
	assert_done(make(fixture, &second, &error), &error);
	assert_true(bytes_equal(buffer_bytes(&first.document), buffer_bytes(&second.document)));
	assert_true(bytes_equal(buffer_bytes(&first.full), buffer_bytes(&second.full)));
	assert_true(bytes_equal(buffer_bytes(&first.deltas[0]), buffer_bytes(&second.deltas[0])));
	release_clear(&first);
	release_clear(&second);
}

static void the_manifest_says_what_changed(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	Release release;

	skip_unless_root();
	assert_done(make(fixture, &release, &error), &error);
	assert_int_equal(release.manifest->n_files, 4);
	assert_int_equal(manifest_find_file(release.manifest, "usr/lib/gone")->type, MANIFEST_REMOVED);
	assert_int_equal(
		manifest_find_file(release.manifest, "usr/lib/libfoo.so.1.1")->type, MANIFEST_REMOVED);
	assert_string_equal(
		manifest_find_file(release.manifest, "usr/lib/libfoo.so.1")->target, "libfoo.so.1.2");
	assert_int_equal(release.manifest->n_base_files, 2);
	assert_string_equal(release.manifest->os.architecture, "x86_64");
	assert_true(release.deltas[0].size < release.full.size);
	release_clear(&release);
}

static void assert_contents_differ(Release *release, const char *sentence)
{
	const Bytes image = {release->image.data, release->image.size};
	Error error = ERROR_INIT;

	assert_fails(contents_check(image, release->manifest, &error), &error, sentence);
}

static void an_image_that_differs_from_its_manifest_is_refused(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	Release release;
	ManifestFile *gone, *link, *library;

	skip_unless_root();
	assert_done(make(fixture, &release, &error), &error);
	gone = &release.manifest->files[0];
	link = &release.manifest->files[1];
	library = &release.manifest->files[3];
	assert_string_equal(library->path, "usr/lib/libfoo.so.1.2");
	library->mode = 04755;
	assert_contents_differ(&release, "usr/lib/libfoo.so.1.2 has mode 0644 in the image");
	library->mode = 0644;
	library->uid = 7;
	assert_contents_differ(&release, "belongs to 0:0 in the image, and the manifest says 7:0");
	library->uid = 0;
	library->digest.bytes[0] ^= 1;
	assert_contents_differ(&release, "usr/lib/libfoo.so.1.2 has other bytes");
	library->digest.bytes[0] ^= 1;
	link->target[0] = 'L';
	assert_contents_differ(&release, "usr/lib/libfoo.so.1 has another target");
	link->target[0] = 'l';
	gone->type = MANIFEST_DIRECTORY;
	assert_contents_differ(&release, "usr/lib/gone has another type");
	gone->type = MANIFEST_REMOVED;
	gone->path[8] = 'X';
	assert_contents_differ(&release, "the image holds usr/lib/gone, and the manifest does not name it");
	gone->path[8] = 'g';
	release.image.size /= 2;
	assert_int_equal(
		contents_check((Bytes){release.image.data, release.image.size}, release.manifest, &error),
		-1);
	release.image.size *= 2;
	release_clear(&release);
}

static void a_delta_that_makes_other_bytes_is_refused(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_OFFER DeltaOffer offer = {NULL, 0};
	Error error = ERROR_INIT;
	Release release;
	Bytes delta, image;

	skip_unless_root();
	assert_done(make(fixture, &release, &error), &error);
	delta = buffer_bytes(&release.deltas[0]);
	image = (Bytes){release.image.data, release.image.size};
	assert_done(deltas_offer_base(release.manifest, release.base, &offer, &error), &error);
	assert_done(deltas_check(delta, &offer, image, &error), &error);
	image.size -= 4096;
	assert_fails(deltas_check(delta, &offer, image, &error), &error, "the delta makes");
	image.size += 4096;
	offer.items[1].bytes.size--;
	assert_int_equal(deltas_check(delta, &offer, image, &error), -1);
	offer.n_items = 0;
	assert_fails(deltas_check(delta, &offer, image, &error), &error, "which is not there");
	release_clear(&release);
}

static void the_same_fix_again_is_known(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	Release release;

	skip_unless_root();
	publish(fixture);
	assert_int_equal(make(fixture, &release, &error), RELEASE_KNOWN);
	assert_int_equal(release.manifest->sequence, 1);
	release_clear(&release);
}

static void the_next_letter_is_offered_from_the_one_before(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	Release release;
	VerifyReport report;

	skip_unless_root();
	publish(fixture);
	fixture->fixed_word = fixture->better;
	assert_done(make(fixture, &release, &error), &error);
	assert_int_equal(release.manifest->sequence, 2);
	assert_int_equal(release.n_deltas, 2);
	assert_string_equal(release.delta_from[1], "a");
	assert_int_equal(release.changes.n_warnings, 1);
	assert_non_null(strstr(release.changes.warnings[0], "usr/lib/gone, which is as in the base again"));
	assert_done(release_publish(&release, &error), &error);
	release_clear(&release);
	report = verify(fixture, true);
	assert_int_equal(report.n_problems, 0);
	assert_int_equal(report.n_improvements, 2);
}

static void what_was_withdrawn_stays_so_in_later_letters(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	Release release;

	skip_unless_root();
	assert_done(make(fixture, &release, &error), &error);
	release.manifest->withdrawn = calloc(1, sizeof(unsigned));
	assert_non_null(release.manifest->withdrawn);
	release.manifest->withdrawn[0] = 1;
	release.manifest->n_withdrawn = 1;
	release.document.size = 0;
	assert_done(manifest_write(release.manifest, &release.document, &error), &error);
	assert_done(release_publish(&release, &error), &error);
	release_clear(&release);
	fixture->fixed_word = fixture->better;
	assert_done(make(fixture, &release, &error), &error);
	assert_true(manifest_is_withdrawn(release.manifest, 1));
	assert_false(manifest_is_withdrawn(release.manifest, 2));
	release_clear(&release);
}

static void one_base_version_is_one_set_of_bytes(void **state)
{
	Fixture *fixture = *state;
	Error error = ERROR_INIT;
	Release release;

	skip_unless_root();
	publish(fixture);
	write_file(fixture, "base/usr/lib/gone", "other", 1);
	assert_fails(make(fixture, &release, &error), &error, "other base files here than in (a)");
	release_clear(&release);
}

static void only_one_publishes_at_a_time(void **state)
{
	Fixture *fixture = *state;
	CLEANUP(published_free) Published *first = NULL, *second = NULL;
	Error error = ERROR_INIT;

	assert_done(published_open(fixture->repository, NULL, true, &first, &error), &error);
	assert_fails(published_open(fixture->repository, NULL, true, &second, &error), &error,
		"another suture-publish is working on");
	assert_done(published_open(fixture->repository, NULL, false, &second, &error), &error);
}

/* Finds a published file by the end of its path and changes its last byte. */
static void damage(Fixture *fixture, const char *suffix)
{
	CLEANUP(published_free) Published *repository = NULL;
	CLEANUP_PATHS PublishedPaths paths = {NULL, 0};
	Error error = ERROR_INIT;

	assert_done(published_open(fixture->repository, NULL, false, &repository, &error), &error);
	assert_done(published_list(repository, "", &paths, &error), &error);
	for (size_t i = 0; i < paths.count; i++) {
		CLEANUP_FREE char *location = NULL;
		CLEANUP_CLOSE int fd = -1;
		UpdaterTarget target;
		uint8_t last;

		if (!text_has_suffix(paths.paths[i], suffix))
			continue;
		assert_int_equal(published_find(repository, paths.paths[i], &target, &error), 0);
		assert_done(publish_location(target.path, &target.digest, &location, &error), &error);
		fd = openat(published_directory(repository), location, O_RDWR);
		assert_int_equal(pread(fd, &last, 1, (off_t)target.length - 1), 1);
		last ^= 1;
		assert_int_equal(pwrite(fd, &last, 1, (off_t)target.length - 1), 1);
		return;
	}
	fail_msg("no target ends with %s", suffix);
}

static void every_damaged_file_is_a_problem(void **state)
{
	static const char *const suffixes[] = {"manifest.json", "image.zst", "from-base.delta"};
	Fixture *fixture = *state;

	skip_unless_root();
	publish(fixture);
	assert_int_equal(verify(fixture, true).n_problems, 0);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		damage(fixture, suffixes[i]);
		assert_int_equal(verify(fixture, true).n_problems, 1);
		damage(fixture, suffixes[i]); /* and whole again */
	}
}

static void damaged_metadata_is_no_repository(void **state)
{
	Fixture *fixture = *state;
	const OptionList none = {NULL, 0};
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	VerifyReport report;
	Error error = ERROR_INIT;
	char *version;

	assert_done(
		file_read(fixture->fd, "repository/metadata/timestamp.json", 1 << 20, &text, &error), &error);
	version = strstr((char *)text.data, "\"expires\"");
	assert_non_null(version);
	version = strstr(version, "20");
	version[3] ^= 1;
	assert_done(file_replace(fixture->fd, "repository/metadata/timestamp.json", buffer_bytes(&text), 0644,
			    &error),
		&error);
	assert_int_equal(verify_repository(fixture->repository, NULL, &none, stdout, &report, &error), -1);
	assert_non_null(strstr(error.text, "repository"));
}

/* A tree of other bytes is not the base, whatever it is called. */
static void a_delta_is_tried_on_its_own_base_only(void **state)
{
	Fixture *fixture = *state;

	skip_unless_root();
	publish(fixture);
	fixture->base_word = fixture->better;
	assert_int_equal(verify(fixture, true).n_untried, 1);
}

#define release_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		release_test(what_is_published_is_sound),
		release_test(the_same_input_gives_the_same_bytes),
		release_test(the_manifest_says_what_changed),
		release_test(an_image_that_differs_from_its_manifest_is_refused),
		release_test(a_delta_that_makes_other_bytes_is_refused),
		release_test(the_same_fix_again_is_known),
		release_test(the_next_letter_is_offered_from_the_one_before),
		release_test(what_was_withdrawn_stays_so_in_later_letters),
		release_test(one_base_version_is_one_set_of_bytes),
		release_test(only_one_publishes_at_a_time),
		release_test(every_damaged_file_is_a_problem),
		release_test(damaged_metadata_is_no_repository),
		release_test(a_delta_is_tried_on_its_own_base_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
