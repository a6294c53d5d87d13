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

enum { KEYS_MAX = 256, URI_MAX = 4096 };

int keys_path(const char *repository, const char *path, char **ret, Error *error)
{
	size_t length = strlen(repository);

	if (path)
		return text_copy(path, ret, error);
	while (length > 1 && repository[length - 1] == '/')
		length--;
	return text_format(ret, error, "%.*s.keys", (int)length, repository);
}

int keys_make_directory(const char *path, int *ret_fd, Error *error)
{
	int fd;

	if (mkdir(path, 0700) < 0)
		return error_os(error, errno, "cannot make the directory of keys %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	*ret_fd = fd;
	return file_sync_parent(AT_FDCWD, path, error);
}

int keys_generate(int directory, const char *role, const char *type, SignerKey **ret, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	CLEANUP_FREE char *name = NULL, *public_name = NULL;

	if (text_format(&name, error, "%s.pem", role) < 0 ||
		text_format(&public_name, error, "%s.pem.pub", role) < 0 ||
		signer_key_generate(type, &key, error) < 0 ||
		signer_key_save(key, directory, name, error) < 0 ||
		key_public_write(signer_key_public(key), directory, public_name, error) < 0)
		return -1;
	*ret = TAKE_PTR(key);
	return 0;
}

/* A file with one line that says where the key is. */
static int open_uri(int directory, const char *name, SignerKey **ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (file_read(directory, name, URI_MAX, &text, error) != 0)
		return -1;
	buffer_cut(&text, text.size > 0 ? strcspn((const char *)text.data, "\r\n") : 0);
	if (text.size == 0)
		return error_set(error, "%s is empty", name);
	return signer_key_open((const char *)text.data, ret, error) < 0 ? error_in(error, "%s", name) : 0;
}

static int add_file(int directory, const char *name, KeySet *keys, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	if ((text_has_suffix(name, ".uri") ? open_uri : signer_key_load)(directory, name, &key, error) < 0)
		return -1;
	return key_set_add(keys, &key, error);
}

static int is_everyday(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return name[0] != '.' && !text_has_prefix(name, "root") &&
	       (text_has_suffix(name, ".pem") || text_has_suffix(name, ".uri"));
}

static int add_directory(const char *path, KeySet *keys, Error *error)
{
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries = NULL;
	int n, done = 0;

	if (directory < 0)
		return error_os(error, errno, "cannot open the directory of keys %s (say --keys=DIR)", path);
	n = scandirat(directory, ".", &entries, is_everyday, alphasort);
	if (n < 0)
		return error_os(error, errno, "cannot list %s", path);
	if (n > KEYS_MAX)
		done = error_set(error, "there are more than %d keys", KEYS_MAX);
	for (int i = 0; i < n; i++) {
		if (done == 0)
			done = add_file(directory, entries[i]->d_name, keys, error);
		free(entries[i]);
	}
	free(entries);
	return done < 0 ? error_in(error, "%s", path) : 0;
}

static int add_named(const char *place, KeySet *keys, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	if (signer_key_open(place, &key, error) < 0)
		return -1;
	return key_set_add(keys, &key, error);
}

int keys_at_hand(const PublisherSettings *settings, KeySet *ret, Error *error)
{
	CLEANUP_KEY_SET KeySet keys = {NULL, 0};
	CLEANUP_FREE char *path = NULL;

	for (size_t i = 0; i < settings->key.count; i++)
		if (add_named(settings->key.words[i], &keys, error) < 0)
			return -1;
	if (settings->key.count == 0 || settings->keys) {
		if (keys_path(settings->repository, settings->keys, &path, error) < 0 ||
			add_directory(path, &keys, error) < 0)
			return -1;
	}
	*ret = keys;
	keys = (KeySet){NULL, 0};
	return 0;
}
