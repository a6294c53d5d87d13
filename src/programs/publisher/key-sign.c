/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "parts/trust/signer/cosign.h"
#include "parts/trust/signer/envelope.h"
#include "programs/publisher/describe.h"
#include "programs/publisher/key-actions.h"
#include "programs/publisher/keys.h"

/* The repository that a draft lies in, when it lies in "staged"; -1 for a lone copy. */
static int open_around(const char *path, const char *repository, int *ret, Error *error)
{
	CLEANUP_FREE char *folder = NULL, *parent = NULL, *real = NULL;

	if (repository) {
		*ret = open(repository, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return *ret < 0 ? error_os(error, errno, "cannot open the repository %s", repository) : 0;
	}
	if (text_format(&folder, error, "%.*s.", (int)(path_basename(path) - path), path) < 0 ||
		text_format(&parent, error, "%s/..", folder) < 0)
		return -1;
	real = realpath(folder, NULL);
	*ret = real && text_has_suffix(real, "/staged") ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
							: -1;
	return 0;
}

static int sign_one(const PublisherSettings *settings, const char *path, const KeySet *keys, Error *error)
{
	CLEANUP_COSIGN Cosign cosign = {.repository = REPOSITORY_INIT};
	CLEANUP_CLOSE int directory = -1;
	const Metadata *before;

	if (open_around(path, settings->repository, &directory, error) < 0 ||
		cosign_open(directory, path, &cosign, error) < 0)
		return -1;
	before = cosign_before(&cosign);
	describe_change(cosign.update.files[0].role, before ? before->content : NULL,
		envelope_content(cosign.update.files[0].document));
	if (settings->dry_run)
		return 0;
	if (cosign_sign(&cosign, keys, error) < 0)
		return -1;
	printf("Signed %s.\n", path);
	return 0;
}

int key_sign(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};

	/* What is asked for here is one person's signature: no directory of keys takes part. */
	if (settings->key.count == 0 && !settings->dry_run)
		return publisher_usage("key sign", "--key=FILE with the private key, or its URI");
	if (settings->key.count > 0 && keys_at_hand(settings, &keys, error) < 0)
		return -1;
	for (size_t i = 0; i < words->count; i++)
		if (sign_one(settings, words->words[i], &keys, error) < 0)
			return -1;
	return 0;
}
