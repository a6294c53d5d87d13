/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/text.h"
#include "parts/image/image.h"
#include "parts/image/verity.h"
#include "parts/manifest/letter.h"
#include "programs/publisher/compress.h"
#include "programs/publisher/contents.h"
#include "programs/publisher/deltas.h"
#include "programs/publisher/layout.h"
#include "programs/publisher/published.h"

typedef struct Verify {
	FILE *out;
	Published *repository;
	PackageSet *base; /* NULL when none was given */
	PublishedPaths paths;
	bool *bad; /* which of paths are damaged, and have been reported */
	VerifyReport report;
} Verify;

static void print_problem(Verify *verify, const char *what, const Error *error)
{
	fprintf(verify->out, "  problem: %s: %s\n", what, error->text);
	verify->report.n_problems++;
}

static int map_target(Verify *verify, const char *path, FileMap *ret, Error *error)
{
	UpdaterTarget target;
	int r = published_find(verify->repository, path, &target, error);

	if (r != 0)
		return r < 0 ? -1 : error_set(error, "is not in the signed metadata");
	return published_map(verify->repository, &target, ret, error);
}

static const ManifestDownload *full_download(const Manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_downloads; i++)
		if (manifest->downloads[i].kind == MANIFEST_FULL)
			return &manifest->downloads[i];
	return NULL;
}

/* The signed metadata and the manifest each name a download's digest: both have to agree. */
static int map_download(Verify *verify, const ManifestDownload *download, FileMap *ret, Error *error)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	Digest digest;

	if (map_target(verify, download->path, &map, error) < 0 ||
		hash_bytes((Bytes){map.data, map.size}, &digest, error) < 0)
		return -1;
	if (map.size != download->size || !digest_equal(&digest, &download->digest))
		return error_set(error, "has other bytes than its manifest says");
	*ret = map;
	map = (FileMap){NULL, 0};
	return 0;
}

static int restore_image(Verify *verify, const Manifest *manifest, Buffer *ret, Error *error)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	const ManifestDownload *full = full_download(manifest);
	Digest digest;

	if (!full)
		return error_set(error, "there is no whole image to check the others against");
	if (map_download(verify, full, &map, error) < 0 ||
		compress_restore((Bytes){map.data, map.size}, manifest->image_size, ret, error) < 0 ||
		hash_bytes(buffer_bytes(ret), &digest, error) < 0)
		return -1;
	if (!digest_equal(&digest, &manifest->image_digest))
		return error_set(error, "holds another image than the manifest says");
	return 0;
}

/* The hash trees are computed from a file, which here lives in memory. */
static int check_hashes(const Manifest *manifest, Bytes image, Error *error)
{
	CLEANUP_CLOSE int fd = memfd_create("image", MFD_CLOEXEC);
	Digest root, measured;

	if (fd < 0)
		return error_os(error, errno, "cannot make a file in memory");
	if (file_write_all(fd, image, "a file in memory", error) < 0 ||
		image_verify(fd, manifest->image_size, &manifest->image_digest, error) < 0 ||
		verity_build(fd, manifest->image_size, manifest->verity_salt, -1, &root, error) < 0 ||
		verity_measure_file(fd, manifest->image_size, &measured, error) < 0)
		return -1;
	if (!digest_equal(&root, &manifest->verity_root))
		return error_set(error, "the image has another dm-verity root hash than the manifest says");
	if (!digest_equal(&measured, &manifest->fsverity))
		return error_set(error, "the image has another fs-verity digest than the manifest says");
	return 0;
}

/* Is this the base that the manifest was made for? */
static bool has_base(const Verify *verify, const Manifest *manifest)
{
	const ManifestBaseFile *first = manifest->base_files;

	for (size_t i = 0; verify->base && i < manifest->n_base_files; i++) {
		const PackageEntry *entry = package_find(verify->base, first[i].path);

		if (!entry || entry->type != PACKAGE_FILE || !digest_equal(&entry->digest, &first[i].digest))
			return false;
	}
	return verify->base;
}

static int check_from_base(Verify *verify, const Manifest *manifest, Bytes delta, Bytes image, Error *error)
{
	CLEANUP_OFFER DeltaOffer offer = {NULL, 0};

	if (!has_base(verify, manifest)) {
		verify->report.n_untried++;
		return 0;
	}
	if (deltas_offer_base(manifest, verify->base, &offer, error) < 0)
		return -1;
	return deltas_check(delta, &offer, image, error);
}

static int check_from_letter(
	Verify *verify, const Manifest *manifest, const char *from, Bytes delta, Bytes image, Error *error)
{
	CLEANUP(manifest_free) Manifest *previous = NULL;
	CLEANUP_OFFER DeltaOffer offer = {NULL, 0};
	CLEANUP_BUFFER Buffer old = BUFFER_INIT;
	CLEANUP_FREE char *path = NULL;
	unsigned sequence = 0;

	if (letter_to_sequence(from, &sequence, error) < 0 ||
		layout_file(manifest, sequence, "manifest.json", &path, error) < 0 ||
		published_manifest(verify->repository, path, &previous, error) < 0 ||
		restore_image(verify, previous, &old, error) < 0 ||
		deltas_offer_image(buffer_bytes(&old), &offer, error) < 0)
		return -1;
	return deltas_check(delta, &offer, image, error);
}

static int check_delta(
	Verify *verify, const Manifest *manifest, const ManifestDownload *download, Bytes image, Error *error)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	Bytes delta;

	if (map_download(verify, download, &map, error) < 0)
		return -1;
	delta = (Bytes){map.data, map.size};
	if (strcmp(download->from, "base") == 0)
		return check_from_base(verify, manifest, delta, image, error);
	return check_from_letter(verify, manifest, download->from, delta, image, error);
}

static void check_downloads(Verify *verify, const Manifest *manifest, Bytes image)
{
	for (size_t i = 0; i < manifest->n_downloads; i++) {
		const ManifestDownload *download = &manifest->downloads[i];
		Error error = ERROR_INIT;

		if (download->kind == MANIFEST_DELTA &&
			check_delta(verify, manifest, download, image, &error) < 0)
			print_problem(verify, download->path, &error);
	}
}

static int print_improvement(const Verify *verify, const Manifest *manifest, Error *error)
{
	CLEANUP_FREE char *title = NULL;
	char size[TEXT_SIZE_MAX];

	if (manifest_title(manifest, &title, error) < 0)
		return -1;
	fprintf(verify->out, "%s for %s %s on %s: %zu file%s, image %s%s\n", title, manifest->os.id,
		manifest->os.version_id, manifest->os.architecture, manifest->n_files,
		manifest->n_files == 1 ? "" : "s", text_size(manifest->image_size, size),
		manifest_is_withdrawn(manifest, manifest->sequence) ? ", withdrawn" : "");
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_bad(const Verify *verify, const char *path)
{
	char *const *found = bsearch(&path, verify->paths.paths, verify->paths.count, sizeof(path), by_path);

	return found && verify->bad[found - verify->paths.paths];
}

static bool has_bad_download(const Verify *verify, const Manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_downloads; i++)
		if (is_bad(verify, manifest->downloads[i].path))
			return true;
	return false;
}

static void check_improvement(Verify *verify, const char *path)
{
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	CLEANUP_BUFFER Buffer image = BUFFER_INIT;
	Error error = ERROR_INIT;

	verify->report.n_improvements++;
	if (is_bad(verify, path))
		return;
	if (published_manifest(verify->repository, path, &manifest, &error) < 0) {
		print_problem(verify, path, &error);
		return;
	}
	if (print_improvement(verify, manifest, &error) == 0 && has_bad_download(verify, manifest))
		return;
	if (restore_image(verify, manifest, &image, &error) < 0 ||
		check_hashes(manifest, buffer_bytes(&image), &error) < 0 ||
		contents_check(buffer_bytes(&image), manifest, &error) < 0) {
		print_problem(verify, path, &error);
		return;
	}
	check_downloads(verify, manifest, buffer_bytes(&image));
}

/* Every file that the metadata names, also what no manifest does. */
static bool check_target(Verify *verify, const char *path)
{
	CLEANUP_MAP FileMap map = {NULL, 0};
	Error error = ERROR_INIT;

	verify->report.n_targets++;
	if (map_target(verify, path, &map, &error) == 0)
		return true;
	print_problem(verify, path, &error);
	return false;
}

static int check_all(Verify *verify, Error *error)
{
	const PublishedPaths *paths = &verify->paths;

	if (published_list(verify->repository, "", &verify->paths, error) < 0)
		return -1;
	verify->bad = calloc(paths->count + 1, sizeof(*verify->bad));
	if (!verify->bad)
		return error_memory(error);
	for (size_t i = 0; i < paths->count; i++)
		verify->bad[i] = !check_target(verify, paths->paths[i]);
	for (size_t i = 0; i < paths->count; i++)
		if (text_has_suffix(paths->paths[i], "/manifest.json"))
			check_improvement(verify, paths->paths[i]);
	return 0;
}

int verify_repository(const char *path, const char *trusted_root, const OptionList *base, FILE *out,
	VerifyReport *ret, Error *error)
{
	Verify verify = {.out = out};
	int r = published_open(path, trusted_root, false, &verify.repository, error);

	if (r == 0 && base->count > 0) {
		r = package_set_read(base->words, base->count, &verify.base, error);
		if (r < 0)
			(void)error_in(error, "base");
	}
	if (r == 0)
		r = check_all(&verify, error);
	if (r == 0)
		*ret = verify.report;
	(void)published_free(verify.repository);
	(void)package_set_free(verify.base);
	published_paths_clear(&verify.paths);
	free(verify.bad);
	return r;
}
