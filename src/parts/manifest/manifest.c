/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "parts/manifest/letter.h"
#include "parts/manifest/manifest-check.h"
#include "parts/manifest/os-release.h"

int manifest_new(Manifest **ret, Error *error)
{
	Manifest *manifest = calloc(1, sizeof(*manifest));

	if (!manifest)
		return error_memory(error);
	manifest->rollout.percent = MANIFEST_PERCENT_MAX;
	*ret = manifest;
	return 0;
}

static void free_files(Manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_base_files; i++)
		free(manifest->base_files[i].path);
	free(manifest->base_files);
	for (size_t i = 0; i < manifest->n_files; i++) {
		free(manifest->files[i].path);
		free(manifest->files[i].target);
	}
	free(manifest->files);
}

static void free_advisories(Manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_advisories; i++) {
		ManifestAdvisory *advisory = &manifest->advisories[i];

		free(advisory->id);
		free(advisory->summary);
		free(advisory->severity);
		free(advisory->component);
		free(advisory->kind);
	}
	free(manifest->advisories);
}

static void free_downloads(Manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_downloads; i++) {
		free(manifest->downloads[i].from);
		free(manifest->downloads[i].path);
	}
	free(manifest->downloads);
}

Manifest *manifest_free(Manifest *manifest)
{
	if (!manifest)
		return NULL;
	free_files(manifest);
	free_advisories(manifest);
	free_downloads(manifest);
	free(manifest->component);
	os_clear(&manifest->os);
	free(manifest->base_version);
	free(manifest->fixed_version);
	free(manifest->withdrawn);
	free(manifest);
	return NULL;
}

/* ManifestFile and ManifestBaseFile both begin with their path, so one order serves both. */
_Static_assert(offsetof(ManifestFile, path) == 0, "path comes first");
_Static_assert(offsetof(ManifestBaseFile, path) == 0, "path comes first");

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a;
	unsigned y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

void manifest_sort(Manifest *manifest)
{
	if (manifest->n_base_files > 0)
		qsort(manifest->base_files, manifest->n_base_files, sizeof(*manifest->base_files), by_path);
	if (manifest->n_files > 0)
		qsort(manifest->files, manifest->n_files, sizeof(*manifest->files), by_path);
	if (manifest->n_withdrawn > 0)
		qsort(manifest->withdrawn, manifest->n_withdrawn, sizeof(*manifest->withdrawn), by_number);
}

const ManifestFile *manifest_find_file(const Manifest *manifest, const char *path)
{
	if (manifest->n_files == 0)
		return NULL;
	return bsearch(&path, manifest->files, manifest->n_files, sizeof(*manifest->files), by_path);
}

const ManifestBaseFile *manifest_find_base_file(const Manifest *manifest, const char *path)
{
	if (manifest->n_base_files == 0)
		return NULL;
	return bsearch(
		&path, manifest->base_files, manifest->n_base_files, sizeof(*manifest->base_files), by_path);
}

bool manifest_is_withdrawn(const Manifest *manifest, unsigned sequence)
{
	for (size_t i = 0; i < manifest->n_withdrawn; i++)
		if (manifest->withdrawn[i] == sequence)
			return true;
	return false;
}

int manifest_title(const Manifest *manifest, char **ret, Error *error)
{
	char letter[LETTER_SIZE];

	return text_format(ret, error, "%s %s (%s)", manifest->component, manifest->base_version,
		letter_from_sequence(manifest->sequence, letter));
}
