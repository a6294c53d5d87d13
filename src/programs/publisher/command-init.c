/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "programs/publisher/first-root.h"
#include "programs/publisher/given-key.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/outcome.h"

static const Option options[] = {
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR",
		"a new directory for the keys (default: DIR.keys)"},
	{"root-key", 0, OPTION_REPEATED, PUBLISHER_OPTION(root_keys), "FILE",
		"a key of root: its public half, or the private key (default: a new one)"},
	{"root-threshold", 0, OPTION_TEXT, PUBLISHER_OPTION(root_threshold), "N",
		"how many of them must sign (default: 1)"},
	{"type", 0, OPTION_TEXT, PUBLISHER_OPTION(type), "TYPE",
		"of the new keys: ed25519 (the default), ecdsa (P-256) or rsa (3072 bits, PSS)"},
};

enum { ROOT_KEYS_MAX = 64 };

/* The keys of root as they were given. */
typedef struct RootKeys {
	PublicHalf halves[ROOT_KEYS_MAX];
	size_t count;
	int64_t threshold;
} RootKeys;

static void root_keys_clear(RootKeys *keys)
{
	while (keys->count > 0)
		key_public_clear(&keys->halves[--keys->count]);
}
#define CLEANUP_ROOT_KEYS __attribute__((cleanup(root_keys_clear)))

static int check_empty(int directory, const char *path, Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;
	int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	listing = own < 0 ? NULL : fdopendir(own);
	if (!listing) {
		(void)error_os(error, errno, "cannot list %s", path);
		return close_keeping_errno(own);
	}
	while ((entry = readdir(listing)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return error_set(error,
				"%s is not empty: a repository begins in a new or empty directory", path);
	return 0;
}

/* What lies in a repository is copied to a server: a private key must not. */
static int check_apart(const char *repository, const char *keys, Error *error)
{
	CLEANUP_FREE char *outer = realpath(repository, NULL), *inner = NULL, *parent = NULL;
	const char *slash = strrchr(keys, '/');
	size_t length;

	if (text_format(&parent, error, "%.*s", slash ? (int)(slash - keys) + 1 : 1, slash ? keys : ".") < 0)
		return -1;
	inner = realpath(parent, NULL);
	if (!outer || !inner)
		return error_os(error, errno, "cannot find the directory that shall hold %s", keys);
	length = strlen(outer);
	if (strncmp(inner, outer, length) == 0 && (inner[length] == '\0' || inner[length] == '/'))
		return error_set(
			error, "the keys must not lie in the repository, which is copied to a server");
	return 0;
}

/* Private keys among them sign at once. */
static int read_root_keys(const PublisherSettings *settings, RootKeys *ret, KeySet *keys, Error *error)
{
	ret->threshold = 1;
	if (settings->root_threshold &&
		text_to_integer(settings->root_threshold, 1, ROOT_KEYS_MAX, &ret->threshold, error) < 0)
		return error_in(error, "--root-threshold");
	if (settings->root_threshold && settings->root_keys.count == 0)
		return error_set(error, "--root-threshold goes with --root-key=FILE, once for each key");
	if (settings->root_keys.count > ROOT_KEYS_MAX)
		return error_set(error, "there are more than %d keys of root", ROOT_KEYS_MAX);
	for (size_t i = 0; i < settings->root_keys.count; i++) {
		CLEANUP(signer_key_free) SignerKey *key = NULL;

		if (given_key_both(settings->root_keys.words[i], &ret->halves[ret->count], &key, error) < 0)
			return -1;
		ret->count++;
		if (key && key_set_add(keys, &key, error) < 0)
			return -1;
	}
	return 0;
}

/* option: "" where the next commands find the keys by themselves. */
static void print_next_steps(const char *repository, const char *option)
{
	printf("  %s/metadata/1.root.json is the trusted root: install it on devices as\n"
	       "  /usr/lib/suture/root.json, over a way that you trust.\n\n"
	       "Next:\n"
	       "  suture-publish release --repository=%s%s --component=NAME --base OLD.deb --fixed NEW.deb\n"
	       "  suture-publish serve %s\n"
	       "  suture-publish refresh --repository=%s%s      every few days, from a timer\n",
		repository, repository, option, repository, repository, option);
}

static int open_empty(const char *repository, const char *keys_directory, int *ret, Error *error)
{
	CLEANUP_CLOSE int directory = -1;

	if (mkdir(repository, 0755) < 0 && errno != EEXIST)
		return error_os(error, errno, "cannot make the directory %s", repository);
	directory = open(repository, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_os(error, errno, "cannot open %s", repository);
	if (check_empty(directory, repository, error) < 0 ||
		check_apart(repository, keys_directory, error) < 0)
		return -1;
	*ret = TAKE_FD(directory);
	return 0;
}

/* Returns as signer.h says. */
static int make(
	const PublisherSettings *settings, const char *repository, const char *keys_directory, Error *error)
{
	CLEANUP_ROOT_KEYS RootKeys root_keys = {.count = 0};
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};
	CLEANUP_JSON json_t *root = NULL;
	CLEANUP_CLOSE int directory = -1, keys_fd = -1;
	const char *type = settings->type ? settings->type : "ed25519";
	Signing signing;
	int done;

	if (signer_key_check_type(type, error) < 0 ||
		read_root_keys(settings, &root_keys, &keys, error) < 0 ||
		open_empty(repository, keys_directory, &directory, error) < 0 ||
		keys_make_directory(keys_directory, &keys_fd, error) < 0 ||
		first_root_make(keys_fd, type, root_keys.halves, root_keys.count, root_keys.threshold, &keys,
			&root, error) < 0 ||
		outcome_signing(settings, &keys, &signing, error) < 0)
		return -1;
	done = signer_begin(directory, &signing, root, error);
	if (done < 0 || file_make_directories(directory, "targets", 0755, NULL, error) < 0)
		return error_in(error, "%s", repository);
	return file_sync_parent(AT_FDCWD, repository, error) < 0 ? -1 : done;
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	const char *repository = operands->words[0];
	CLEANUP_FREE char *keys = NULL, *option = NULL;
	int done;

	if (keys_path(repository, own->keys, &keys, error) < 0 ||
		text_format(&option, error, "%s%s", own->keys ? " --keys=" : "", own->keys ? own->keys : "") <
			0)
		return -1;
	done = make(own, repository, keys, error);
	if (done < 0)
		return -1;
	printf("Made the repository %s with keys in %s.\n\n", repository, keys);
	if (done == SIGNER_DRAFT) {
		outcome_print_draft(repository, error);
		return 0;
	}
	if (own->root_keys.count == 0)
		printf("  %s/root.pem signs new roots only: keep it offline and safe.\n", keys);
	print_next_steps(repository, option);
	return 0;
}

const Command command_init = {
	.name = "init",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "make a repository and its keys",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
