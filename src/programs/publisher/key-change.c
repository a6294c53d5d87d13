/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "programs/publisher/given-key.h"
#include "programs/publisher/key-actions.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/outcome.h"

enum { KEYS_MAX = 64, THRESHOLD_MAX = 256 };

typedef struct Halves {
	PublicHalf halves[KEYS_MAX];
	const char *ids[KEYS_MAX];
	size_t count;
} Halves;

static void halves_clear(Halves *halves)
{
	while (halves->count > 0)
		key_public_clear(&halves->halves[--halves->count]);
}
#define CLEANUP_HALVES __attribute__((cleanup(halves_clear)))

static int read_halves(const OptionList *words, Halves *ret, Error *error)
{
	for (size_t i = 0; i < words->count; i++) {
		if (given_key_public(words->words[i], &ret->halves[ret->count], error) < 0)
			return -1;
		ret->count++;
	}
	return 0;
}

/* Of a key that is lost, often only its id is left. */
static bool is_id(const char *word)
{
	return strspn(word, "0123456789abcdef") == strlen(word) && faccessat(AT_FDCWD, word, F_OK, 0) < 0;
}

static int read_ids(const OptionList *words, Halves *ret, Error *error)
{
	for (size_t i = 0; i < words->count; i++) {
		if (is_id(words->words[i])) {
			ret->ids[i] = words->words[i];
			continue;
		}
		if (given_key_public(words->words[i], &ret->halves[ret->count], error) < 0)
			return -1;
		ret->ids[i] = ret->halves[ret->count++].id;
	}
	return 0;
}

static int read_threshold(const PublisherSettings *settings, RoleChange *change, Error *error)
{
	if (settings->threshold &&
		text_to_integer(settings->threshold, 1, THRESHOLD_MAX, &change->threshold, error) < 0)
		return error_in(error, "--threshold");
	return 0;
}

/* A root is signed by its owners alone; the directory of keys has no part in making its draft. */
static int change(const PublisherSettings *settings, const char *role, RoleChange *wanted, Error *error)
{
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};
	CLEANUP_CLOSE int directory = -1;
	Signing signing;
	int done;

	if (read_threshold(settings, wanted, error) < 0 ||
		(!root_is_role_name(role) && keys_at_hand(settings, &keys, error) < 0) ||
		outcome_signing(settings, &keys, &signing, error) < 0 ||
		outcome_open(settings->repository, &directory, error) < 0)
		return -1;
	done = signer_change_role(directory, &signing, role, wanted, error);
	if (done < 0)
		return error_in(error, "%s", settings->repository);
	if (done == SIGNER_DRAFT)
		outcome_print_draft(settings->repository, error);
	else
		printf("Published in %s.\n", settings->repository);
	return 0;
}

static const char *missing_option(const PublisherSettings *settings)
{
	if (!settings->repository)
		return "--repository=DIR";
	return settings->role ? NULL : "--role=ROLE";
}

/* A root is signed with "key sign", which shows it first. */
static bool is_misfit(const PublisherSettings *settings)
{
	return root_is_role_name(settings->role) && settings->key.count > 0;
}

int key_add(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	CLEANUP_HALVES Halves halves = {.count = 0};
	RoleChange wanted = {.add = halves.halves};
	const char *missing = missing_option(settings);

	if (missing)
		return publisher_usage("key add", missing);
	if (is_misfit(settings))
		return publisher_misfit("key add, of a role of root,", "key");
	if (read_halves(words, &halves, error) < 0)
		return -1;
	wanted.n_add = halves.count;
	return change(settings, settings->role, &wanted, error);
}

int key_remove(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	CLEANUP_HALVES Halves halves = {.count = 0};
	RoleChange wanted = {.remove = halves.ids, .n_remove = words->count};
	const char *missing = missing_option(settings);

	if (missing)
		return publisher_usage("key remove", missing);
	if (is_misfit(settings))
		return publisher_misfit("key remove, of a role of root,", "key");
	if (read_ids(words, &halves, error) < 0)
		return -1;
	return change(settings, settings->role, &wanted, error);
}

int key_renew(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	RoleChange nothing = {.n_add = 0};

	(void)words;
	if (!settings->repository)
		return publisher_usage("key renew", "--repository=DIR");
	return change(settings, "root", &nothing, error);
}
