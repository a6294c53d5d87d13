/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/publisher.h"

static const Option options[] = {
	{"keys", 0, OPTION_TEXT, PUBLISHER_OPTION(keys), "DIR",
		"a new directory for the keys (default: DIR.keys)"},
};

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

/* option: "" where the next commands find the keys by themselves. */
static void print_next_steps(const char *repository, const char *keys, const char *option)
{
	printf("Made the repository %s with its keys in %s.\n\n", repository, keys);
	printf("  %s/metadata/1.root.json is the trusted root: install it on devices as\n"
	       "  /usr/lib/suture/root.json, over a way that you trust.\n",
		repository);
	printf("  %s/root.pem signs new roots only: keep it offline and safe.\n\n", keys);
	printf("Next:\n"
	       "  suture-publish release --repository=%s%s --component=NAME --base OLD.deb --fixed NEW.deb\n"
	       "  suture-publish serve %s\n"
	       "  suture-publish refresh --repository=%s%s      every few days, from a timer\n",
		repository, option, repository, repository, option);
}

static int make(const char *repository, const char *keys_directory, Error *error)
{
	CLEANUP_KEYS Keys keys = {.root = NULL};
	CLEANUP_CLOSE int directory = -1;
	SignerKeys for_signer;

	if (mkdir(repository, 0755) < 0 && errno != EEXIST)
		return error_os(error, errno, "cannot make the directory %s", repository);
	directory = open(repository, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_os(error, errno, "cannot open %s", repository);
	if (check_empty(directory, repository, error) < 0 ||
		check_apart(repository, keys_directory, error) < 0 ||
		keys_generate(keys_directory, &keys, error) < 0)
		return -1;
	for_signer = keys_for_signer(&keys);
	if (signer_init(directory, &for_signer, &SIGNER_DEFAULT_LIFETIMES, clock_now(), error) < 0 ||
		file_make_directories(directory, "targets", 0755, NULL, error) < 0)
		return error_in(error, "%s", repository);
	return file_sync_parent(AT_FDCWD, repository, error);
}

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;
	const char *repository = operands->words[0];
	CLEANUP_FREE char *keys = NULL, *option = NULL;

	if (keys_path(repository, own->keys, &keys, error) < 0 ||
		text_format(&option, error, "%s%s", own->keys ? " --keys=" : "", own->keys ? own->keys : "") <
			0 ||
		make(repository, keys, error) < 0)
		return -1;
	print_next_steps(repository, keys, option);
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
