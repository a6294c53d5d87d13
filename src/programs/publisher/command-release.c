/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/text.h"
#include "parts/manifest/letter.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/outcome.h"
#include "programs/publisher/release.h"

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR",
		"the repository to publish in (needed)"},
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR", "its keys (default: REPOSITORY.keys)"},
	{"key", 0, OPTION_REPEATED, PUBLISHER_OPTION(key), "FILE",
		"a private key, or the URI of one, instead of the directory of keys"},
	{"role", 0, OPTION_TEXT, PUBLISHER_OPTION(role), "NAME", "the delegated role that releases it"},
	{"component", 0, OPTION_TEXT, PUBLISHER_OPTION(component), "NAME", "what is fixed: libxml2 (needed)"},
	{"base", 0, OPTION_LIST, PUBLISHER_OPTION(base), "FILE",
		".deb files, or a tree that holds usr/, as the OS release has them (needed)"},
	{"fixed", 0, OPTION_LIST, PUBLISHER_OPTION(fixed), "FILE", "the same with the fix (needed)"},
	{"advisory", 0, OPTION_REPEATED, PUBLISHER_OPTION(advisories), "ID[:SEVERITY]=TEXT",
		"what is fixed: CVE-2026-1234:high=overflow in the parser"},
	{"os-release", 0, OPTION_TEXT, PUBLISHER_OPTION(os_release), "FILE",
		"the OS it is for (default: /etc/os-release)"},
	{"arch", 0, OPTION_TEXT, PUBLISHER_OPTION(architecture), "NAME",
		"the architecture, for trees: x86_64, arm64"},
	{"base-version", 0, OPTION_TEXT, PUBLISHER_OPTION(base_version), "VERSION",
		"needed for trees and for packages of different versions"},
	{"fixed-version", 0, OPTION_TEXT, PUBLISHER_OPTION(fixed_version), "VERSION", "likewise"},
	{"with-docs", 0, OPTION_FLAG, PUBLISHER_OPTION(with_docs), NULL,
		"carry documentation, manuals and translations too"},
	{"rollout-hours", 0, OPTION_TEXT, PUBLISHER_OPTION(rollout_hours), "HOURS",
		"spread over this time (default: 0, everybody at once)"},
	{"rollout-percent", 0, OPTION_TEXT, PUBLISHER_OPTION(rollout_percent), "PERCENT",
		"and to no more than these of the devices (default: 100)"},
	{"urgent", 0, OPTION_FLAG, PUBLISHER_OPTION(is_urgent), NULL, "everybody at once, and nobody waits"},
	{"released", 0, OPTION_TEXT, PUBLISHER_OPTION(released), "TIME",
		"as 2026-11-24T06:35:07Z (default: SOURCE_DATE_EPOCH, or now)"},
	{"dry-run", 0, OPTION_FLAG, PUBLISHER_OPTION(dry_run), NULL, "make everything, publish nothing"},
	{"json", 0, OPTION_FLAG, PUBLISHER_OPTION(json), NULL, "print the summary as JSON"},
};

static const char *missing_option(const PublisherSettings *settings)
{
	if (!settings->repository)
		return "--repository=DIR";
	if (!settings->component)
		return "--component=NAME";
	if (settings->base.count == 0)
		return "--base with .deb files or a tree";
	return settings->fixed.count == 0 ? "--fixed with .deb files or a tree" : NULL;
}

/* Keys are looked at before any work is done, and the lock is taken before the series is read. */
static int open_repository(Release *release, Error *error)
{
	const PublisherSettings *settings = release->settings;

	if (!settings->dry_run && keys_at_hand(settings, &release->keys, error) < 0)
		return -1;
	return published_open(settings->repository, NULL, true, &release->repository, error);
}

static int say_known(const Release *release, Error *error)
{
	const Manifest *previous = release->previous;
	char letter[LETTER_SIZE];

	if (release->settings->json)
		return release_print_json(release, error);
	printf("%s %s: already released as (%s)\n", previous->component, previous->base_version,
		letter_from_sequence(previous->sequence, letter));
	return 0;
}

typedef struct Step {
	const char *what;
	int (*run)(Release *release, Error *error);
} Step;

static const Step steps[] = {
	{"reading the packages", release_read},
	{"looking for earlier letters", release_take_letter},
	{"building the image", release_build},
	{"making the deltas", release_pack},
	{"publishing", release_publish},
};

static int take_steps(Release *release, Error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++) {
		if (release->settings->dry_run && steps[i].run == release_publish)
			continue;
		progress_begin(&release->progress, steps[i].what);
		r = steps[i].run(release, error);
		progress_end(&release->progress, NULL);
	}
	return r;
}

static int work(Release *release, Error *error)
{
	int r = open_repository(release, error);
	Error why;

	if (r == 0)
		r = take_steps(release, error);
	if (r < 0)
		return -1;
	if (r == RELEASE_KNOWN)
		return say_known(release, error);
	release->is_draft = r == RELEASE_DRAFT;
	if (release->settings->json)
		return release_print_json(release, error);
	why = *error;
	if (release_print(release, error) < 0)
		return -1;
	if (release->is_draft)
		outcome_print_draft(release->settings->repository, &why);
	return 0;
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	const char *missing = missing_option(own);
	Release release = {.settings = own};
	int r;

	(void)operands;
	if (missing)
		return publisher_usage("release", missing);
	if (!text_is_name(own->component, MANIFEST_NAME_MAX))
		return error_set(error, "the component \"%s\" is not a plain word", own->component);
	release.progress = progress_on(own->json ? NULL : stderr);
	r = work(&release, error);
	release_clear(&release);
	return r;
}

const Command command_release = {
	.name = "release",
	.summary = "make an improvement from two sets of packages or trees, and publish it",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
