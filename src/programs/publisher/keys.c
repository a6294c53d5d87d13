/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/trust/signer/key-public.h"

void keys_clear(Keys *keys)
{
	keys->root = signer_key_free(keys->root);
	keys->targets = signer_key_free(keys->targets);
	keys->snapshot = signer_key_free(keys->snapshot);
	keys->timestamp = signer_key_free(keys->timestamp);
}

int keys_path(const char *repository, const char *path, char **ret, Error *error)
{
	size_t length = strlen(repository);

	if (path)
		return text_copy(path, ret, error);
	while (length > 1 && repository[length - 1] == '/')
		length--;
	return text_format(ret, error, "%.*s.keys", (int)length, repository);
}

static int generate(int directory, const char *name, SignerKey **place, Error *error)
{
	CLEANUP_FREE char *public_name = NULL;

	if (signer_key_generate("ed25519", place, error) < 0 ||
		text_format(&public_name, error, "%s.pub", name) < 0 ||
		signer_key_save(*place, directory, name, error) < 0)
		return -1;
	return key_public_write(signer_key_public(*place), directory, public_name, error);
}

int keys_generate(const char *path, Keys *ret, Error *error)
{
	CLEANUP_KEYS Keys keys = {.root = NULL};
	CLEANUP_CLOSE int directory = -1;

	if (mkdir(path, 0700) < 0)
		return error_os(error, errno, "cannot make the directory of keys %s", path);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (generate(directory, "root.pem", &keys.root, error) < 0 ||
		generate(directory, "targets.pem", &keys.targets, error) < 0 ||
		generate(directory, "snapshot.pem", &keys.snapshot, error) < 0 ||
		generate(directory, "timestamp.pem", &keys.timestamp, error) < 0)
		return error_in(error, "%s", path);
	if (file_sync(directory, path, error) < 0 || file_sync_parent(AT_FDCWD, path, error) < 0)
		return -1;
	*ret = keys;
	keys = (Keys){.root = NULL};
	return 0;
}

int keys_load(const char *path, bool only_online, Keys *ret, Error *error)
{
	CLEANUP_KEYS Keys keys = {.root = NULL};
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool with_targets = true;

	if (directory < 0)
		return error_os(error, errno, "cannot open the directory of keys %s (say --keys=DIR)", path);
	if (only_online)
		with_targets = faccessat(directory, "targets.pem", F_OK, 0) == 0;
	if ((with_targets && signer_key_load(directory, "targets.pem", &keys.targets, error) < 0) ||
		signer_key_load(directory, "snapshot.pem", &keys.snapshot, error) < 0 ||
		signer_key_load(directory, "timestamp.pem", &keys.timestamp, error) < 0)
		return error_in(error, "%s", path);
	*ret = keys;
	keys = (Keys){.root = NULL};
	return 0;
}

SignerKeys keys_for_signer(const Keys *keys)
{
	return (SignerKeys){keys->root, keys->targets, keys->snapshot, keys->timestamp};
}
