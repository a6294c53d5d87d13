/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "parts/trust/updater-name.h"
#include "parts/trust/updater.h"
#include "parts/worker/fetch.h"

enum { ROOT_SIZE_MAX = 512 * 1024 };

/* Hidden, so that a listing of the directory shows only what was verified. */
static const char partial_name[] = ".suture-tuf-client.part";

struct Client {
	int directory;
	const char *url;
	Fetcher *fetcher;
	Updater *updater;
};

static int open_directory(const char *path, int *ret, Error *error)
{
	if (file_make_directories(AT_FDCWD, path, 0755, NULL, error) < 0)
		return -1;
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? error_os(error, errno, "cannot open %s", path) : 0;
}

int client_init(const char *metadata_directory, const char *root, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	CLEANUP_CLOSE int directory = -1;

	if (open_directory(metadata_directory, &directory, error) < 0)
		return -1;
	if (file_read(AT_FDCWD, root, ROOT_SIZE_MAX, &content, error) != 0)
		return error_in(error, "the trusted root %s", root);
	return file_replace(directory, "root.json", buffer_bytes(&content), 0644, error);
}

static int join_url(const char *url, const char *name, char **ret, Error *error)
{
	return text_format(ret, error, "%s%s%s", url, text_has_suffix(url, "/") ? "" : "/", name);
}

static int fetch(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	const Client *client = userdata;
	CLEANUP_FREE char *url = NULL;
	int r;

	if (join_url(client->url, name, &url, error) < 0)
		return -1;
	r = fetch_bytes(client->fetcher, url, max, ret, error);
	if (r == FETCH_ABSENT)
		return UPDATER_ABSENT;
	return r == 0 ? 0 : -1;
}

static int load(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	int r = file_read(((Client *)userdata)->directory, name, max, ret, error);

	return r == FILE_ABSENT ? UPDATER_ABSENT : r;
}

static int store(void *userdata, const char *name, Bytes content, Error *error)
{
	return file_replace(((Client *)userdata)->directory, name, content, 0644, error);
}

int client_new(const char *metadata_directory, const char *metadata_url, Client **ret, Error *error)
{
	CLEANUP(client_free) Client *client = calloc(1, sizeof(*client));
	UpdaterIo io = {fetch, load, store, client};

	if (!client)
		return error_memory(error);
	client->directory = -1;
	client->url = metadata_url;
	if (open_directory(metadata_directory, &client->directory, error) < 0 ||
		fetcher_new(NULL, &client->fetcher, error) < 0 ||
		updater_new(&io, clock_now(), &client->updater, error) < 0)
		return -1;
	*ret = TAKE_PTR(client);
	return 0;
}

Client *client_free(Client *client)
{
	if (client) {
		(void)updater_free(client->updater);
		(void)fetcher_free(client->fetcher);
		if (client->directory >= 0)
			(void)close(client->directory);
		free(client);
	}
	return NULL;
}

int client_refresh(Client *client, Error *error)
{
	return updater_refresh(client->updater, error);
}

static int check_file(int fd, const UpdaterTarget *target, Error *error)
{
	CLEANUP_MAP FileMap map = {NULL, 0};

	if (file_map(fd, target->length, target->path, &map, error) < 0)
		return -1;
	return updater_target_check(target, (Bytes){map.data, map.size}, error);
}

static bool has_target(int directory, const char *name, const UpdaterTarget *target)
{
	CLEANUP_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 && check_file(fd, target, NULL) == 0;
}

static int fetch_partial(Client *client, int fd, const char *url, const UpdaterTarget *target, Error *error)
{
	int r = fetch_file(client->fetcher, url, target->length, fd, NULL, NULL, NULL, error);

	if (r == FETCH_ABSENT)
		return error_set(error, "the server has no %s, which its metadata lists", target->path);
	if (r != 0 || check_file(fd, target, error) < 0)
		return -1;
	return file_sync(fd, target->path, error);
}

static int fetch_target(Client *client, int directory, const char *name, const char *url,
	const UpdaterTarget *target, Error *error)
{
	CLEANUP_CLOSE int fd = -1;

	/* What an earlier run left when it was killed. */
	if (file_remove(directory, partial_name, error) < 0)
		return -1;
	fd = openat(directory, partial_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_os(error, errno, "cannot create %s", partial_name);
	if (fetch_partial(client, fd, url, target, error) == 0 &&
		file_rename(directory, partial_name, name, error) == 0)
		return 0;
	(void)file_remove(directory, partial_name, NULL);
	return -1;
}

int client_download(Client *client, const char *path, const char *base, const char *directory, Error *error)
{
	CLEANUP_FREE char *location = NULL, *url = NULL, *name = NULL;
	CLEANUP_CLOSE int fd = -1;
	UpdaterTarget target;

	if (updater_find(client->updater, path, &target, error) != 0 ||
		updater_target_location(client->updater, &target, &location, error) < 0 ||
		updater_name_flat(target.path, &name, error) < 0 ||
		join_url(base, location, &url, error) < 0 || open_directory(directory, &fd, error) < 0)
		return -1;
	return has_target(fd, name, &target) ? 0 : fetch_target(client, fd, name, url, &target, error);
}
