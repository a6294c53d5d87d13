/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "programs/publisher/publisher.h"
#include "programs/publisher/verify.h"

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR", "the repository (needed)"},
	{"trusted-root", 0, OPTION_TEXT, PUBLISHER_OPTION(trusted_root), "FILE",
		"the root that devices have (default: metadata/1.root.json)"},
	{"base", 0, OPTION_LIST, PUBLISHER_OPTION(base), "FILE",
		"base packages or a tree: deltas made from them are applied too"},
};

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	VerifyReport report = {.n_improvements = 0};

	(void)operands;
	if (!own->repository)
		return publisher_usage("verify", "--repository=DIR");
	if (verify_repository(own->repository, own->trusted_root, &own->base, &report, error) < 0)
		return -1;
	if (report.n_problems > 0)
		return error_set(error, "%s has %zu problem%s", own->repository, report.n_problems,
			report.n_problems == 1 ? "" : "s");
	printf("%s is sound: %zu improvement%s, %zu file%s.\n", own->repository, report.n_improvements,
		report.n_improvements == 1 ? "" : "s", report.n_targets, report.n_targets == 1 ? "" : "s");
	if (report.n_untried > 0)
		printf("%zu delta%s from a base could not be tried: say --base with its packages.\n",
			report.n_untried, report.n_untried == 1 ? "" : "s");
	return 0;
}

const Command command_verify = {
	.name = "verify",
	.summary = "check a whole repository as a stranger would",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
