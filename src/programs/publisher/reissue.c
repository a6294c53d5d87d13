/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/reissue.h"

#include <string.h>

#include "base/text.h"
#include "parts/manifest/letter.h"
#include "programs/publisher/layout.h"
#include "programs/publisher/outcome.h"
#include "programs/publisher/package/control.h"

static bool is_wanted(const PublisherSettings *settings, const char *component, const Manifest *manifest)
{
	const char *architecture = settings->architecture;
	const char *kernel = architecture ? control_kernel_architecture(architecture) : NULL;

	architecture = kernel ? kernel : architecture;
	return strcmp(manifest->component, component) == 0 &&
	       (!settings->base_version || strcmp(manifest->base_version, settings->base_version) == 0) &&
	       (!architecture || strcmp(manifest->os.architecture, architecture) == 0);
}

static int find(Published *repository, const PublisherSettings *settings, const char *component,
	unsigned sequence, Manifest **ret, Error *error)
{
	CLEANUP(manifest_free) Manifest *found = NULL;
	CLEANUP_PATHS PublishedPaths paths = {NULL, 0};
	char letter[LETTER_SIZE];

	if (published_list(repository, "", &paths, error) < 0)
		return -1;
	for (size_t i = 0; i < paths.count; i++) {
		CLEANUP(manifest_free) Manifest *manifest = NULL;

		if (!text_has_suffix(paths.paths[i], "/manifest.json"))
			continue;
		if (published_manifest(repository, paths.paths[i], &manifest, error) < 0)
			return -1;
		if (manifest->sequence != sequence || !is_wanted(settings, component, manifest))
			continue;
		if (found)
			return error_set(error,
				"there is more than one %s (%s), on %s %s %s and on %s %s %s: say "
				"--base-version and --arch",
				component, letter_from_sequence(sequence, letter), found->os.version_id,
				found->os.architecture, found->base_version, manifest->os.version_id,
				manifest->os.architecture, manifest->base_version);
		found = TAKE_PTR(manifest);
	}
	if (!found)
		return error_set(error, "the repository has no %s (%s)", component,
			letter_from_sequence(sequence, letter));
	*ret = TAKE_PTR(found);
	return 0;
}

void reissue_clear_cleanup(Reissue *reissue)
{
	(void)published_free(reissue->repository);
	(void)manifest_free(reissue->letter);
	key_set_clear(&reissue->keys);
}

int reissue_open(
	Reissue *reissue, const PublisherSettings *settings, const OptionList *operands, Error *error)
{
	unsigned sequence = 0;

	reissue->role = settings->role ? settings->role : "targets";
	if (letter_to_sequence(operands->words[1], &sequence, error) < 0 ||
		keys_at_hand(settings, &reissue->keys, error) < 0 ||
		outcome_signing(settings, &reissue->keys, &reissue->signing, error) < 0 ||
		published_open(settings->repository, NULL, true, &reissue->repository, error) < 0)
		return -1;
	return find(reissue->repository, settings, operands->words[0], sequence, &reissue->letter, error);
}

int reissue_newest(const Reissue *reissue, Manifest **ret, Error *error)
{
	CLEANUP_FREE char *series = NULL;

	if (layout_series(reissue->letter, &series, error) < 0 ||
		published_newest(reissue->repository, series, ret, error) != 0)
		return -1;
	return 0;
}

int reissue_publish(const Reissue *reissue, const Manifest *manifest, Error *error)
{
	CLEANUP_BUFFER Buffer document = BUFFER_INIT;
	CLEANUP_FREE char *path = NULL;
	int directory = published_directory(reissue->repository);
	SignerTarget target;

	if (layout_file(manifest, manifest->sequence, "manifest.json", &path, error) < 0 ||
		manifest_write(manifest, &document, error) < 0 ||
		published_store(directory, path, buffer_bytes(&document), &target, error) < 0)
		return -1;
	return signer_add_targets(directory, &reissue->signing, reissue->role, &target, 1, error);
}
