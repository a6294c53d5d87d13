/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/lifetimes.h"
#include "programs/publisher/published.h"

int outcome_signing(const PublisherSettings *settings, const KeySet *keys, Signing *ret, Error *error)
{
	CLEANUP_FREE char *directory = NULL;
	Signing signing = {keys, SIGNER_DEFAULT_LIFETIMES, clock_now()};

	if (settings->repository && (keys_path(settings->repository, settings->keys, &directory, error) < 0 ||
					    lifetimes_read(directory, &signing.lifetimes, error) < 0))
		return -1;
	*ret = signing;
	return 0;
}

int outcome_open(const char *repository, int *ret_fd, Error *error)
{
	CLEANUP_CLOSE int directory = open(repository, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return error_os(error, errno, "cannot open the repository %s", repository);
	if (published_lock(directory, repository, error) < 0)
		return -1;
	*ret_fd = TAKE_FD(directory);
	return 0;
}

void outcome_print_draft(const char *repository, const Error *why)
{
	printf("Not published yet, and no client sees it: %s.\n"
	       "It waits in %s/staged/. Let a key's owner sign it, or a copy of it, and then publish:\n"
	       "  suture-publish key sign --key=PRIVATE FILE\n"
	       "  suture-publish key merge --repository=%s FILE...\n",
		why->text, repository, repository);
}
