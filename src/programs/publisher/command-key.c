/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "programs/publisher/key-actions.h"

enum { WORDS_MAX = 64 };

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
	int (*run)(const PublisherSettings *settings, const OptionList *words, Error *error);
} Action;

static const Action actions[] = {
	{"new", "FILE", 1, 1, key_new},
	{"show", "FILE", 1, 1, key_show},
	{"sign", "FILE...", 1, WORDS_MAX, key_sign},
	{"merge", "[FILE...]", 0, WORDS_MAX, key_merge},
	{"add", "KEY...", 0, WORDS_MAX, key_add},
	{"remove", "KEY...", 0, WORDS_MAX, key_remove},
	{"renew", "", 0, 0, key_renew},
};

static int usage(const char *name)
{
	const Action *action = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			action = &actions[i];
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
	const char *name = operands->words[0];

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, name) == 0 && words.count >= actions[i].min &&
			words.count <= actions[i].max)
			return actions[i].run(settings, &words, error);
	return usage(name);
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
