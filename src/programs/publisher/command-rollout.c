/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "programs/publisher/outcome.h"
#include "programs/publisher/reissue.h"
#include "programs/publisher/rollout-options.h"

static const Option options[] = {
	{"hours", 0, OPTION_TEXT, PUBLISHER_OPTION(rollout_hours), "HOURS",
		"spread it over so many hours, counted from its release; 0: at once"},
	{"percent", 0, OPTION_TEXT, PUBLISHER_OPTION(rollout_percent), "PERCENT",
		"to no more than these of the devices; 0 holds it, 100 lets it go on"},
	{"urgent", 0, OPTION_TEXT, PUBLISHER_OPTION(urgent), "yes|no",
		"yes: everybody at once, in spite of hours and percent"},
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

static int take_options(const PublisherSettings *settings, ManifestRollout *rollout, Error *error)
{
	if (settings->rollout_hours && rollout_take_hours(settings->rollout_hours, rollout, error) < 0)
		return error_in(error, "--hours");
	if (settings->rollout_percent && rollout_take_percent(settings->rollout_percent, rollout, error) < 0)
		return error_in(error, "--percent");
	if (settings->urgent && rollout_take_urgent(settings->urgent, rollout, error) < 0)
		return error_in(error, "--urgent");
	if (rollout->urgent && (settings->rollout_hours || settings->rollout_percent))
		return error_set(error,
			"it is urgent, so hours and percent would change nothing: say --urgent=no with them");
	return 0;
}

static int check_is_taken(const Reissue *reissue, Error *error)
{
	CLEANUP(manifest_free) Manifest *newest = NULL;

	if (reissue_newest(reissue, &newest, error) < 0)
		return -1;
	return manifest_is_withdrawn(newest, reissue->letter->sequence) ? error_set(error, "it is withdrawn")
									: 0;
}

static int change(const Reissue *reissue, const PublisherSettings *settings, Error *error)
{
	Manifest *letter = reissue->letter;
	CLEANUP_FREE char *title = NULL;
	char text[ROLLOUT_TEXT_SIZE];
	int done;

	if (manifest_title(letter, &title, error) < 0)
		return -1;
	if (check_is_taken(reissue, error) < 0 || take_options(settings, &letter->rollout, error) < 0)
		return error_in(error, "%s", title);
	done = reissue_publish(reissue, letter, error);
	if (done < 0)
		return -1;
	if (done == SIGNER_DRAFT)
		outcome_print_draft(settings->repository, error);
	else
		printf("%s %s.\n", title, rollout_to_text(&letter->rollout, text));
	return 0;
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	CLEANUP_REISSUE Reissue reissue = {.repository = NULL};

	if (!own->repository)
		return publisher_usage("rollout", "--repository=DIR");
	if (!own->rollout_hours && !own->rollout_percent && !own->urgent)
		return publisher_usage("rollout", "--hours=, --percent= or --urgent=");
	if (reissue_open(&reissue, own, operands, error) < 0)
		return -1;
	return change(&reissue, own, error);
}

const Command command_rollout = {
	.name = "rollout",
	.operands = "COMPONENT LETTER",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "change which devices get an improvement when, after its release",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
