/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts/manifest/letter.h"
#include "programs/publisher/outcome.h"
#include "programs/publisher/reissue.h"

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR", "the repository (needed)"},
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR", "its keys (default: REPOSITORY.keys)"},
	{"key", 0, OPTION_REPEATED, PUBLISHER_OPTION(key), "FILE",
		"a private key, or the URI of one, instead of the directory of keys"},
	{"role", 0, OPTION_TEXT, PUBLISHER_OPTION(role), "NAME", "the delegated role that released it"},
	{"base-version", 0, OPTION_TEXT, PUBLISHER_OPTION(base_version), "VERSION",
		"which base, when there are several"},
	{"arch", 0, OPTION_TEXT, PUBLISHER_OPTION(architecture), "NAME",
		"which architecture, when there are several"},
};

static int add_withdrawn(Manifest *manifest, unsigned sequence, Error *error)
{
	unsigned *withdrawn =
		reallocarray(manifest->withdrawn, manifest->n_withdrawn + 1, sizeof(*manifest->withdrawn));

	if (!withdrawn)
		return error_memory(error);
	withdrawn[manifest->n_withdrawn++] = sequence;
	manifest->withdrawn = withdrawn;
	manifest_sort(manifest);
	return 0;
}

/* What devices take then: the newest letter that is not withdrawn, else the base. */
static void say_withdrawn(const char *title, const Manifest *newest)
{
	unsigned sequence = newest->sequence;
	char letter[LETTER_SIZE];

	while (sequence > 0 && manifest_is_withdrawn(newest, sequence))
		sequence--;
	printf("%s is withdrawn: with their next install, devices that have it go ", title);
	if (sequence > 0)
		printf("to (%s).\n", letter_from_sequence(sequence, letter));
	else
		printf("back to the base.\n");
}

static int withdraw(const Reissue *reissue, const PublisherSettings *settings, Error *error)
{
	const Manifest *letter = reissue->letter;
	CLEANUP(manifest_free) Manifest *newest = NULL;
	CLEANUP_FREE char *title = NULL;
	int done;

	if (manifest_title(letter, &title, error) < 0 || reissue_newest(reissue, &newest, error) < 0)
		return -1;
	if (manifest_is_withdrawn(newest, letter->sequence)) {
		printf("%s is withdrawn already.\n", title);
		return 0;
	}
	if (add_withdrawn(newest, letter->sequence, error) < 0)
		return -1;
	done = reissue_publish(reissue, newest, error);
	if (done < 0)
		return -1;
	if (done == SIGNER_DRAFT)
		outcome_print_draft(settings->repository, error);
	else
		say_withdrawn(title, newest);
	return 0;
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	CLEANUP_REISSUE Reissue reissue = {.repository = NULL};

	if (!own->repository)
		return publisher_usage("withdraw", "--repository=DIR");
	if (reissue_open(&reissue, own, operands, error) < 0)
		return -1;
	return withdraw(&reissue, own, error);
}

const Command command_withdraw = {
	.name = "withdraw",
	.operands = "COMPONENT LETTER",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "tell devices to leave an improvement",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
