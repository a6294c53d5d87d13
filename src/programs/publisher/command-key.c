/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "programs/publisher/key-actions.h"

enum { WORDS_MAX = 64, OPTIONS_MAX = 5 };

static const Option options[] = {
	{"repository", 0, OPTION_TEXT, PUBLISHER_OPTION(repository), "DIR",
		"the repository, needed to merge, add, remove and renew"},
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR",
		"its keys, which sign what is published (default: REPOSITORY.keys)"},
	{"key", 0, OPTION_REPEATED, PUBLISHER_OPTION(key), "FILE",
		"a private key, or the URI of one, instead of the directory of keys"},
	{"role", 0, OPTION_TEXT, PUBLISHER_OPTION(role), "ROLE",
		"add, remove: whose keys (root, targets, snapshot, timestamp, or a delegated role)"},
	{"threshold", 0, OPTION_TEXT, PUBLISHER_OPTION(threshold), "N",
		"add, remove: how many of its keys must sign from then on"},
	{"dry-run", 0, OPTION_FLAG, PUBLISHER_OPTION(dry_run), NULL, "sign: only print what it says"},
	{"type", 0, OPTION_TEXT, PUBLISHER_OPTION(type), "TYPE",
		"new: ed25519 (the default), ecdsa (P-256) or rsa (3072 bits, PSS)"},
};

typedef struct Action {
	const char *name;
	const char *operands;
	size_t min, max;
	const char *options[OPTIONS_MAX + 1]; /* that it does not ignore */
	int (*run)(const PublisherSettings *settings, const OptionList *words, Error *error);
} Action;

static const Action actions[] = {
	{"new", "FILE", 1, 1, {"type"}, key_new},
	{"show", "FILE", 1, 1, {"repository"}, key_show},
	{"sign", "FILE...", 1, WORDS_MAX, {"repository", "key", "dry-run"}, key_sign},
	{"merge", "[FILE...]", 0, WORDS_MAX, {"repository", "keys", "key"}, key_merge},
	{"add", "KEY...", 0, WORDS_MAX, {"repository", "keys", "key", "role", "threshold"}, key_add},
	{"remove", "KEY...", 0, WORDS_MAX, {"repository", "keys", "key", "role", "threshold"}, key_remove},
	{"renew", "", 0, 0, {"repository", "keys"}, key_renew},
};

static const Action *find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static int usage(const char *name, const Action *action)
{
	if (action)
		fprintf(stderr, "suture-publish: say key %s %s; see \"suture-publish key --help\"\n", name,
			action->operands);
	else
		fprintf(stderr, "suture-publish: there is no \"key %s\"; see \"suture-publish key --help\"\n",
			name);
	return EXIT_USAGE;
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	OptionList words = {operands->words + 1, operands->count - 1};
	const Action *action = find_action(operands->words[0]);
	CLEANUP_FREE char *name = NULL;
	const char *misfit;

	if (!action || words.count < action->min || words.count > action->max)
		return usage(operands->words[0], action);
	misfit = publisher_find_misfit(settings, &command_key, action->options);
	if (!misfit)
		return action->run(settings, &words, error);
	if (text_format(&name, error, "key %s", action->name) < 0)
		return -1;
	return publisher_misfit(name, misfit);
}

const Command command_key = {
	.name = "key",
	.operands = "new|show|sign|merge|add|remove|renew [FILE...]",
	.min_operands = 1,
	.max_operands = WORDS_MAX + 1,
	.summary = "make keys, sign with them, and change who may",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
