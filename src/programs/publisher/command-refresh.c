/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/published.h"
#include "programs/publisher/publisher.h"

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR", "the repository (needed)"},
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR", "its keys (default: REPOSITORY.keys)"},
};

/* Where the targets key is at hand, its metadata begins a new life too; else it would expire at a publisher
 * who has nothing to release for that long. */
static int sign(int directory, const Keys *keys, int64_t now, Error *error)
{
	SignerKeys for_signer = keys_for_signer(keys);

	if (keys->targets)
		return signer_publish(directory, &for_signer, &SIGNER_DEFAULT_LIFETIMES, now, NULL, 0, error);
	return signer_refresh(directory, &for_signer, &SIGNER_DEFAULT_LIFETIMES, now, error);
}

/* The repository is not read as a stranger first: its timestamp may have expired, which is what this mends.
 */
static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	CLEANUP_KEYS Keys keys = {.root = NULL};
	CLEANUP_CLOSE int directory = -1;
	CLEANUP_FREE char *path = NULL;
	char until[CLOCK_TEXT_SIZE];
	int64_t now = clock_now();

	(void)operands;
	if (!own->repository)
		return publisher_usage("refresh", "--repository=DIR");
	if (keys_path(own->repository, own->keys, &path, error) < 0 ||
		keys_load(path, true, &keys, error) < 0)
		return -1;
	directory = open(own->repository, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_os(error, errno, "cannot open the repository %s", own->repository);
	if (published_lock(directory, own->repository, error) < 0 || sign(directory, &keys, now, error) < 0)
		return error_in(error, "%s", own->repository);
	printf("%s is signed until %s.\n", own->repository,
		clock_to_text(now + SIGNER_DEFAULT_LIFETIMES.timestamp, until));
	return 0;
}

const Command command_refresh = {
	.name = "refresh",
	.summary = "sign the metadata anew, before it expires",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
