/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/release.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"
#include "parts/image/build/build.h"
#include "parts/image/image.h"
#include "parts/image/verity.h"
#include "parts/manifest/letter.h"
#include "programs/publisher/compress.h"
#include "programs/publisher/contents.h"
#include "programs/publisher/deltas.h"
#include "programs/publisher/layout.h"
#include "programs/publisher/outcome.h"
#include "programs/publisher/salt.h"
#include "programs/publisher/stage.h"

void release_clear(Release *release)
{
	key_set_clear(&release->keys);
	changes_clear(&release->changes);
	release->base = package_set_free(release->base);
	release->fixed = package_set_free(release->fixed);
	release->manifest = manifest_free(release->manifest);
	release->previous = manifest_free(release->previous);
	release->repository = published_free(release->repository);
	file_unmap(&release->image);
	buffer_clear(&release->full);
	buffer_clear(&release->document);
	for (size_t i = 0; i < RELEASE_DELTAS_MAX; i++) {
		buffer_clear(&release->deltas[i]);
		free(release->delta_from[i]);
	}
	if (release->work)
		(void)file_remove_tree(AT_FDCWD, release->work, NULL);
	free(release->work);
	*release = (Release){.settings = NULL};
}

static bool same_base(const Manifest *a, const Manifest *b)
{
	if (a->n_base_files != b->n_base_files)
		return false;
	for (size_t i = 0; i < a->n_base_files; i++)
		if (strcmp(a->base_files[i].path, b->base_files[i].path) != 0 ||
			!digest_equal(&a->base_files[i].digest, &b->base_files[i].digest))
			return false;
	return true;
}

static bool same_file(const ManifestFile *a, const ManifestFile *b)
{
	return strcmp(a->path, b->path) == 0 && a->type == b->type && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid && a->size == b->size &&
	       digest_equal(&a->digest, &b->digest) &&
	       strcmp(a->target ? a->target : "", b->target ? b->target : "") == 0;
}

static bool same_files(const Manifest *a, const Manifest *b)
{
	if (a->n_files != b->n_files)
		return false;
	for (size_t i = 0; i < a->n_files; i++)
		if (!same_file(&a->files[i], &b->files[i]))
			return false;
	return true;
}

/* A device goes from letter to letter: what (a) replaced and (b) does not falls back to the base. That is
 * right only when the fix took the change back. */
static int warn_about_lost_files(Release *release, Error *error)
{
	const Manifest *previous = release->previous;
	char letter[LETTER_SIZE];

	for (size_t i = 0; i < previous->n_files; i++) {
		const char *path = previous->files[i].path;

		if (!manifest_find_file(release->manifest, path) &&
			changes_warn(&release->changes, error,
				"(%s) changes %s, which is as in the base again in this release",
				letter_from_sequence(previous->sequence, letter), path) < 0)
			return -1;
	}
	return 0;
}

static int follow(Release *release, Error *error)
{
	const Manifest *previous = release->previous;
	Manifest *manifest = release->manifest;
	size_t size = previous->n_withdrawn * sizeof(*manifest->withdrawn);
	char letter[LETTER_SIZE];

	if (!same_base(previous, manifest))
		return error_set(error,
			"%s %s has other base files here than in (%s), which is released already: the same "
			"base "
			"version must be the same bytes",
			manifest->component, manifest->base_version,
			letter_from_sequence(previous->sequence, letter));
	manifest->sequence = previous->sequence;
	if (same_files(previous, manifest))
		return RELEASE_KNOWN;
	if (previous->sequence == LETTER_SEQUENCE_MAX)
		return error_set(error, "all letters of this series are taken");
	manifest->sequence = previous->sequence + 1;
	if (previous->n_withdrawn > 0) {
		manifest->withdrawn = malloc(size);
		if (!manifest->withdrawn)
			return error_memory(error);
		memcpy(manifest->withdrawn, previous->withdrawn, size);
		manifest->n_withdrawn = previous->n_withdrawn;
	}
	return warn_about_lost_files(release, error);
}

static const char *role_of(const Release *release)
{
	return release->settings->role ? release->settings->role : "targets";
}

/* Before the long work: whether the role may sign this component at all. */
static int check_role(const Release *release, Error *error)
{
	CLEANUP_FREE char *path = NULL;

	if (layout_file(release->manifest, 1, "manifest.json", &path, error) < 0)
		return -1;
	return signer_check_role(published_directory(release->repository), role_of(release), path, error);
}

int release_take_letter(Release *release, Error *error)
{
	CLEANUP_FREE char *series = NULL;
	int r;

	release->manifest->sequence = 1;
	if (!release->settings->dry_run && check_role(release, error) < 0)
		return -1;
	if (layout_series(release->manifest, &series, error) < 0)
		return -1;
	r = published_newest(release->repository, series, &release->previous, error);
	if (r < 0)
		return -1;
	return r == PUBLISHED_ABSENT ? 0 : follow(release, error);
}

static int stage(Release *release, char **ret_tree, Error *error)
{
	CLEANUP_CLOSE int directory = -1;

	if (file_temporary_directory("suture-publish", &release->work, error) < 0 ||
		path_join(release->work, "tree", ret_tree, error) < 0 ||
		file_make_directories(AT_FDCWD, *ret_tree, 0755, &directory, error) < 0)
		return -1;
	return stage_changes(&release->changes, release->base, release->fixed, directory, error);
}

static int measure(Release *release, int fd, Error *error)
{
	Manifest *manifest = release->manifest;

	if (hash_file(fd, MANIFEST_IMAGE_MAX, &manifest->image_digest, &manifest->image_size, error) < 0 ||
		image_verify(fd, manifest->image_size, &manifest->image_digest, error) < 0 ||
		salt_of_image(&manifest->image_digest, manifest->verity_salt, error) < 0 ||
		verity_build(fd, manifest->image_size, manifest->verity_salt, -1, &manifest->verity_root,
			error) < 0 ||
		verity_measure_file(fd, manifest->image_size, &manifest->fsverity, error) < 0)
		return -1;
	if (file_map(fd, MANIFEST_IMAGE_MAX, "the image", &release->image, error) < 0)
		return -1;
	return contents_check((Bytes){release->image.data, release->image.size}, manifest, error);
}

int release_build(Release *release, Error *error)
{
	CLEANUP_FREE char *tree = NULL, *image = NULL, *name = NULL;
	CLEANUP_CLOSE int fd = -1;

	if (stage(release, &tree, error) < 0 || path_join(release->work, "image", &image, error) < 0 ||
		layout_file(release->manifest, release->manifest->sequence, "image", &name, error) < 0 ||
		image_build(tree, name, release->fixed->newest, image, error) < 0)
		return -1;
	fd = open(image, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_os(error, errno, "cannot open the image %s", image);
	return measure(release, fd, error) < 0 ? error_in(error, "the image") : 0;
}

static Bytes image_bytes(const Release *release)
{
	return (Bytes){release->image.data, release->image.size};
}

/* Trusts nothing that was just made: what a device cannot apply is not published. */
static int add_delta(Release *release, const DeltaOffer *offer, const char *from, Error *error)
{
	Buffer *delta = &release->deltas[release->n_deltas];

	if (deltas_make(offer, image_bytes(release), &release->progress, delta, error) < 0 ||
		deltas_check(buffer_bytes(delta), offer, image_bytes(release), error) < 0)
		return error_in(error, "delta from %s", from);
	if (text_copy(from, &release->delta_from[release->n_deltas], error) < 0)
		return -1;
	release->n_deltas++;
	return 0;
}

static int delta_from_base(Release *release, Error *error)
{
	CLEANUP_OFFER DeltaOffer offer = {NULL, 0};

	if (deltas_offer_base(release->manifest, release->base, &offer, error) < 0)
		return -1;
	return add_delta(release, &offer, "base", error);
}

/* The previous letter's image, out of the repository. */
static int restore_previous(Release *release, Buffer *ret, Error *error)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	const ManifestDownload *full = NULL;
	UpdaterTarget target;
	Digest digest;

	for (size_t i = 0; i < release->previous->n_downloads; i++)
		if (release->previous->downloads[i].kind == MANIFEST_FULL)
			full = &release->previous->downloads[i];
	if (!full)
		return PUBLISHED_ABSENT;
	if (published_find(release->repository, full->path, &target, error) != 0 ||
		published_map(release->repository, &target, &map, error) < 0 ||
		compress_restore((Bytes){map.data, map.size}, release->previous->image_size, ret, error) <
			0 ||
		hash_bytes(buffer_bytes(ret), &digest, error) < 0)
		return error_in(error, "%s", full->path);
	if (!digest_equal(&digest, &release->previous->image_digest))
		return error_set(error, "%s holds another image than its manifest says", full->path);
	return 0;
}

/* Offered only where it saves something over the one from the base. */
static int delta_from_previous(Release *release, Error *error)
{
	CLEANUP_OFFER DeltaOffer offer = {NULL, 0};
	CLEANUP_BUFFER Buffer image = BUFFER_INIT;
	char letter[LETTER_SIZE];
	size_t last;
	int r;

	if (!release->previous)
		return 0;
	r = restore_previous(release, &image, error);
	if (r != 0)
		return r < 0 ? -1 : 0;
	if (deltas_offer_image(buffer_bytes(&image), &offer, error) < 0 ||
		add_delta(release, &offer, letter_from_sequence(release->previous->sequence, letter), error) <
			0)
		return -1;
	last = release->n_deltas - 1;
	if (release->deltas[last].size >= release->deltas[0].size) {
		buffer_clear(&release->deltas[last]);
		free(TAKE_PTR(release->delta_from[last]));
		release->n_deltas--;
	}
	return 0;
}

static int add_download(
	Release *release, const char *from, const char *name, const Buffer *content, Error *error)
{
	Manifest *manifest = release->manifest;
	ManifestDownload *download = &manifest->downloads[manifest->n_downloads++];

	download->kind = from ? MANIFEST_DELTA : MANIFEST_FULL;
	download->size = content->size;
	if (from && text_copy(from, &download->from, error) < 0)
		return -1;
	if (layout_file(manifest, manifest->sequence, name, &download->path, error) < 0)
		return -1;
	return hash_bytes(buffer_bytes(content), &download->digest, error);
}

static int list_downloads(Release *release, Error *error)
{
	Manifest *manifest = release->manifest;

	manifest->downloads = calloc(RELEASE_DELTAS_MAX + 1, sizeof(*manifest->downloads));
	if (!manifest->downloads)
		return error_memory(error);
	for (size_t i = 0; i < release->n_deltas; i++) {
		CLEANUP_FREE char *name = NULL;

		if (text_format(&name, error, "from-%s.delta", release->delta_from[i]) < 0 ||
			add_download(release, release->delta_from[i], name, &release->deltas[i], error) < 0)
			return -1;
	}
	return add_download(release, NULL, "image.zst", &release->full, error);
}

int release_pack(Release *release, Error *error)
{
	CLEANUP_BUFFER Buffer again = BUFFER_INIT;

	if (delta_from_base(release, error) < 0 || delta_from_previous(release, error) < 0 ||
		compress_image(image_bytes(release), &release->full, error) < 0 ||
		compress_restore(buffer_bytes(&release->full), release->image.size, &again, error) < 0)
		return -1;
	if (!bytes_equal(buffer_bytes(&again), image_bytes(release)))
		return error_set(error, "the compressed image does not give the image");
	if (list_downloads(release, error) < 0)
		return -1;
	return manifest_write(release->manifest, &release->document, error);
}

int release_publish(Release *release, Error *error)
{
	const Manifest *manifest = release->manifest;
	Signing signing;
	SignerTarget targets[RELEASE_DELTAS_MAX + 2];
	CLEANUP_FREE char *path = NULL;
	int directory = published_directory(release->repository), done;
	size_t n = 0;

	if (layout_file(manifest, manifest->sequence, "manifest.json", &path, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_downloads; i++) {
		const Buffer *content = i < release->n_deltas ? &release->deltas[i] : &release->full;

		if (published_store(directory, manifest->downloads[i].path, buffer_bytes(content),
			    &targets[n++], error) < 0)
			return -1;
	}
	if (published_store(directory, path, buffer_bytes(&release->document), &targets[n++], error) < 0)
		return -1;
	if (outcome_signing(release->settings, &release->keys, &signing, error) < 0)
		return -1;
	done = signer_add_targets(directory, &signing, role_of(release), targets, n, error);
	return done == SIGNER_DRAFT ? RELEASE_DRAFT : done;
}
