/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/clock.h"
#include "parts/trust/signer/merge.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/outcome.h"

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR", "the repository (needed)"},
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR", "its keys (default: REPOSITORY.keys)"},
	{"key", 0, OPTION_REPEATED, PUBLISHER_OPTION(key), "FILE",
		"a private key, or the URI of one, instead of the directory of keys"},
	{"role", 0, OPTION_TEXT, PUBLISHER_OPTION(role), "NAME",
		"sign this targets role anew (default: each whose keys are here)"},
	{"accept", 0, OPTION_REPEATED, PUBLISHER_OPTION(accept), "FILE",
		"publish what a team has signed: STAGED/N.ROLE.json, of here or of a copy"},
};

/* A draft that does not become whole is none that can be accepted. */
static int accept(int directory, const PublisherSettings *settings, const Signing *signing, Error *error)
{
	int done = merge_drafts(directory, signing, settings->accept.words, settings->accept.count, error);

	if (done == SIGNER_DRAFT)
		return -1;
	return done;
}

/* The repository is not read as a stranger first: its timestamp may have expired, which is what this mends.
 */
static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};
	CLEANUP_CLOSE int directory = -1;
	char until[CLOCK_TEXT_SIZE];
	Signing signing;
	int done;

	(void)operands;
	if (!own->repository)
		return publisher_usage("refresh", "--repository=DIR");
	if (own->accept.count > 0 && own->role)
		return publisher_misfit("refresh --accept", "role");
	if (keys_at_hand(own, &keys, error) < 0 || outcome_signing(own, &keys, &signing, error) < 0 ||
		outcome_open(own->repository, &directory, error) < 0)
		return -1;
	done = own->accept.count > 0 ? accept(directory, own, &signing, error)
				     : signer_refresh(directory, &signing, own->role, error);
	if (done < 0)
		return error_in(error, "%s", own->repository);
	if (done == SIGNER_DRAFT)
		outcome_print_draft(own->repository, error);
	else
		printf("%s is signed until %s.\n", own->repository,
			clock_to_text(signing.now + signing.lifetimes.timestamp, until));
	return 0;
}

const Command command_refresh = {
	.name = "refresh",
	.summary = "sign the metadata anew, before it expires",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
