/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/text.h"
#include "parts/manifest/manifest.h"
#include "programs/publisher/given-key.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/outcome.h"
#include "programs/publisher/package/control.h"

enum { TEAM_KEYS_MAX = 64, THRESHOLD_MAX = 256 };

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR", "the repository (needed)"},
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR", "its keys (default: REPOSITORY.keys)"},
	{"role", 0, OPTION_TEXT, PUBLISHER_OPTION(role), "NAME", "the role, new or known (needed)"},
	{"os", 0, OPTION_TEXT, PUBLISHER_OPTION(os), "ID", "what it may speak for: debian"},
	{"os-version", 0, OPTION_TEXT, PUBLISHER_OPTION(os_version), "VERSION", "12"},
	{"arch", 0, OPTION_TEXT, PUBLISHER_OPTION(architecture), "NAME", "x86_64"},
	{"component", 0, OPTION_TEXT, PUBLISHER_OPTION(component), "NAME",
		"one component (default: every one of this OS)"},
	{"key", 0, OPTION_REPEATED, PUBLISHER_OPTION(key), "FILE",
		"a key of the team: its public half, or the private key"},
	{"threshold", 0, OPTION_TEXT, PUBLISHER_OPTION(threshold), "N", "how many of them must sign"},
	{"terminating", 0, OPTION_FLAG, PUBLISHER_OPTION(terminating), NULL,
		"no role behind it is asked for what it may speak for"},
	{"remove", 0, OPTION_FLAG, PUBLISHER_OPTION(remove), NULL, "take the delegation back"},
};

static const char *missing_option(const PublisherSettings *settings)
{
	if (!settings->repository)
		return "--repository=DIR";
	if (!settings->role)
		return "--role=NAME";
	if (!settings->remove && (!settings->os || !settings->os_version || !settings->architecture))
		return "--os=ID, --os-version=VERSION and --arch=NAME";
	return NULL;
}

/* A name with a wildcard would be a wider pattern than was meant. */
static int check_word(const char *what, const char *word, Error *error)
{
	return text_is_name(word, MANIFEST_NAME_MAX)
		       ? 0
		       : error_set(error, "the %s \"%s\" is not a plain word", what, word);
}

static int make_pattern(const PublisherSettings *settings, char **ret, Error *error)
{
	const char *kernel = control_kernel_architecture(settings->architecture);
	const char *component = settings->component ? settings->component : "*";

	if (check_word("OS", settings->os, error) < 0 ||
		check_word("version", settings->os_version, error) < 0 ||
		check_word("architecture", settings->architecture, error) < 0 ||
		(settings->component && check_word("component", component, error) < 0))
		return -1;
	return text_format(ret, error, "%s/%s/%s/%s/*/*/*", settings->os, settings->os_version,
		kernel ? kernel : settings->architecture, component);
}

/* The team's keys as they are added, and those of them that can sign at once. */
typedef struct Team {
	PublicHalf halves[TEAM_KEYS_MAX];
	size_t count;
} Team;

static void team_clear(Team *team)
{
	while (team->count > 0)
		key_public_clear(&team->halves[--team->count]);
}
#define CLEANUP_TEAM __attribute__((cleanup(team_clear)))

static int read_team(const PublisherSettings *settings, Team *ret, KeySet *keys, Error *error)
{
	if (settings->key.count > TEAM_KEYS_MAX)
		return error_set(error, "there are more than %d keys", TEAM_KEYS_MAX);
	for (size_t i = 0; i < settings->key.count; i++) {
		CLEANUP(signer_key_free) SignerKey *key = NULL;

		if (given_key_both(settings->key.words[i], &ret->halves[ret->count], &key, error) < 0)
			return -1;
		ret->count++;
		if (key && key_set_add(keys, &key, error) < 0)
			return -1;
	}
	return 0;
}

/* --key means the team's keys here, not those that sign the delegation. */
static int read_keys(const PublisherSettings *settings, Team *team, KeySet *keys, Error *error)
{
	PublisherSettings own = *settings;

	own.key = (OptionList){NULL, 0};
	if (keys_at_hand(&own, keys, error) < 0)
		return -1;
	return read_team(settings, team, keys, error);
}

static int delegate(const PublisherSettings *settings, RoleChange *change, Error *error)
{
	CLEANUP_TEAM Team team = {.count = 0};
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};
	CLEANUP_CLOSE int directory = -1;
	Signing signing;

	if (settings->threshold &&
		text_to_integer(settings->threshold, 1, THRESHOLD_MAX, &change->threshold, error) < 0)
		return error_in(error, "--threshold");
	if (read_keys(settings, &team, &keys, error) < 0 ||
		outcome_signing(settings, &keys, &signing, error) < 0 ||
		outcome_open(settings->repository, &directory, error) < 0)
		return -1;
	change->add = team.halves;
	change->n_add = team.count;
	return signer_change_role(directory, &signing, settings->role, change, error);
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	static const char *const to_remove[] = {"repository", "keys", "role", "remove", NULL};
	const PublisherSettings *own = settings;
	const char *missing = missing_option(own);
	const char *misfit = own->remove ? publisher_find_misfit(own, &command_delegate, to_remove) : NULL;
	CLEANUP_FREE char *pattern = NULL;
	RoleChange change = {.terminating = own->terminating, .end = own->remove};
	int done;

	(void)operands;
	if (missing)
		return publisher_usage("delegate", missing);
	if (misfit)
		return publisher_misfit("delegate --remove", misfit);
	if (root_is_role_name(own->role))
		return error_set(error, "nothing can be delegated to %s: it is a role of root", own->role);
	if (!own->remove && make_pattern(own, &pattern, error) < 0)
		return -1;
	change.pattern = pattern;
	done = delegate(own, &change, error);
	if (done < 0)
		return error_in(error, "%s", own->repository);
	if (done == SIGNER_DRAFT)
		outcome_print_draft(own->repository, error);
	else if (own->remove)
		printf("Nothing is delegated to %s any more.\n", own->role);
	else
		printf("%s may sign %s.\n", own->role, pattern);
	return 0;
}

const Command command_delegate = {
	.name = "delegate",
	.summary = "let a team sign the improvements of its own component",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
