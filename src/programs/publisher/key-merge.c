/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>

#include "parts/trust/signer/merge.h"
#include "programs/publisher/key-actions.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/outcome.h"

/* A root that changes nothing for the keys that are online is published without them. */
static int keys_if_any(const PublisherSettings *settings, KeySet *ret, Error *error)
{
	CLEANUP_FREE char *path = NULL;

	if (settings->keys || settings->key.count > 0)
		return keys_at_hand(settings, ret, error);
	if (keys_path(settings->repository, NULL, &path, error) < 0)
		return -1;
	return faccessat(AT_FDCWD, path, F_OK, 0) < 0 ? 0 : keys_at_hand(settings, ret, error);
}

int key_merge(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};
	CLEANUP_CLOSE int directory = -1;
	Signing signing;
	int done;

	if (!settings->repository)
		return publisher_usage("key merge", "--repository=DIR");
	if (keys_if_any(settings, &keys, error) < 0 ||
		outcome_signing(settings, &keys, &signing, error) < 0 ||
		outcome_open(settings->repository, &directory, error) < 0)
		return -1;
	done = merge_drafts(directory, &signing, words->words, words->count, error);
	if (done < 0)
		return error_in(error, "%s", settings->repository);
	if (done == SIGNER_IDLE)
		printf("Nothing waits in %s/staged/.\n", settings->repository);
	else if (done == SIGNER_DRAFT)
		outcome_print_draft(settings->repository, error);
	else
		printf("Published in %s.\n", settings->repository);
	if (done == SIGNER_PARTLY)
		printf("This still waits in %s/staged/: %s.\n", settings->repository, error->text);
	return 0;
}
