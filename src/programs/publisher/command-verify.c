/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "programs/publisher/publisher.h"
#include "programs/publisher/role-report.h"
#include "programs/publisher/verify.h"

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR", "the repository (needed)"},
	{"trusted-root", 0, OPTION_TEXT, PUBLISHER_OPTION(trusted_root), "FILE",
		"the root that devices have (default: metadata/1.root.json)"},
	{"base", 0, OPTION_LIST, PUBLISHER_OPTION(base), "FILE",
		"base packages or a tree: deltas made from them are applied too"},
	{"json", 0, OPTION_FLAG, PUBLISHER_OPTION(json), NULL,
		"print who can sign what, and the sums, as JSON"},
};

static void print_sums(const char *repository, const VerifyReport *report)
{
	printf("%s is sound: %zu improvement%s, %zu file%s.\n", repository, report->n_improvements,
		report->n_improvements == 1 ? "" : "s", report->n_targets, report->n_targets == 1 ? "" : "s");
	if (report->n_untried > 0)
		printf("%zu delta%s from a base could not be tried: say --base with its packages.\n",
			report->n_untried, report->n_untried == 1 ? "" : "s");
}

static int print_json(json_t *roles, const VerifyReport *report, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (json_put_text(roles, "format", "suture-repository-1", error) < 0 ||
		json_put_integer(roles, "improvements", (int64_t)report->n_improvements, error) < 0 ||
		json_put_integer(roles, "files", (int64_t)report->n_targets, error) < 0 ||
		json_put_integer(roles, "untried", (int64_t)report->n_untried, error) < 0 ||
		json_write(roles, &text, error) < 0)
		return -1;
	(void)fwrite(text.data, 1, text.size, stdout);
	return 0;
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	VerifyReport report = {.n_improvements = 0};
	CLEANUP_JSON json_t *roles = NULL;

	(void)operands;
	if (!own->repository)
		return publisher_usage("verify", "--repository=DIR");
	if (verify_repository(own->repository, own->trusted_root, &own->base, own->json ? stderr : stdout,
		    &report, error) < 0)
		return -1;
	if (report.n_problems > 0)
		return error_set(error, "%s has %zu problem%s", own->repository, report.n_problems,
			report.n_problems == 1 ? "" : "s");
	if (role_report_make(own->repository, own->trusted_root, clock_now(), &roles, error) < 0)
		return -1;
	if (own->json)
		return print_json(roles, &report, error);
	role_report_print(roles);
	print_sums(own->repository, &report);
	return 0;
}

const Command command_verify = {
	.name = "verify",
	.summary = "check a whole repository as a stranger would",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
