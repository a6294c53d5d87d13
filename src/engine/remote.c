/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/url.h"
#include "engine/proxy.h"

struct Remote {
	Engine *engine;
	Updater *updater;
	char *url;      /* without a slash at the end */
	bool is_told;   /* the failure names the server already */
	bool is_silent; /* what was asked for last got no answer */
	bool refreshes; /* its files are stored together */
	bool unsynced;  /* and one was */
};

enum { ROOT_SIZE_MAX = 512 * 1024 };

/* Who asks for a file need not know more than that it could not be had. */
static int note_silence(Remote *remote, int fetched)
{
	remote->is_silent = fetched == FETCH_NO_ANSWER;
	return remote->is_silent ? -1 : fetched;
}

static int metadata_name(const char *name, char **ret, Error *error)
{
	return path_join("metadata", name, ret, error);
}

static int load_metadata(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	const Remote *remote = userdata;
	CLEANUP_FREE char *path = NULL;
	int r;

	if (metadata_name(name, &path, error) < 0)
		return -1;
	r = file_read(store_directory(remote->engine->store), path, max, ret, error);
	return r == FILE_ABSENT ? UPDATER_ABSENT : r;
}

static int store_metadata(void *userdata, const char *name, Bytes content, Error *error)
{
	Remote *remote = userdata;
	CLEANUP_FREE char *path = NULL;
	int directory = store_directory(remote->engine->store);

	if (metadata_name(name, &path, error) < 0)
		return -1;
	if ((remote->refreshes ? file_replace_with_next : file_replace)(
		    directory, path, content, 0644, error) < 0)
		return error_in(error, "state directory %s", store_path(remote->engine->store));
	remote->unsynced = remote->refreshes;
	return 0;
}

/* One flush of the folder for all files of a refresh: each is whole, nothing relies on them before its end,
 * and of the old and new ones that a cut of the power may leave the next refresh takes what fits together. */
static int sync_metadata(Remote *remote, Error *error)
{
	const Engine *engine = remote->engine;

	if (!remote->unsynced)
		return 0;
	remote->unsynced = false;
	if (file_sync_parent(store_directory(engine->store), "metadata/timestamp.json", error) < 0)
		return error_in(error, "state directory %s", store_path(engine->store));
	return 0;
}

static int fetch_metadata(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	Remote *remote = userdata;
	CLEANUP_FREE char *url = NULL;
	int r;

	if (text_format(&url, error, "%s/metadata/%s", remote->url, name) < 0)
		return -1;
	r = note_silence(remote, fetch_bytes(remote->engine->fetcher, url, max, ret, error));
	remote->is_told = r < 0;
	return r == FETCH_ABSENT ? UPDATER_ABSENT : r;
}

/* The version a root document claims; only used to choose between two that are both trusted. */
static int64_t claimed_version(const Buffer *text)
{
	CLEANUP_JSON json_t *document = NULL;
	json_t *is_signed;
	int64_t version = 0;

	if (json_parse(buffer_bytes(text), ROOT_SIZE_MAX, &document, NULL) < 0 ||
		json_object_field(document, "signed", &is_signed, NULL) < 0 ||
		json_integer_field(is_signed, "version", 1, INT32_MAX, &version, NULL) < 0)
		return 0;
	return version;
}

/*
 * The stored root is the shipped one, or follows from it by signed steps, so it stays. The shipped one takes
 * over when it was changed (a new OS release, or a mistake that the administrator mended) and is not older.
 */
static int seed_root(Remote *remote, Error *error)
{
	int state = store_directory(remote->engine->store);
	const char *trust = remote->engine->config.trust;
	CLEANUP_BUFFER Buffer shipped = BUFFER_INIT, stored = BUFFER_INIT, seed = BUFFER_INIT;
	int r = file_read(state, "metadata/root.json", ROOT_SIZE_MAX, &stored, error);

	if (r < 0)
		return -1;
	if (!trust && r == 0)
		return 0;
	if (!trust)
		return error_set(error,
			"no trusted root: the OS vendor ships usr/lib/suture/root.json; otherwise name "
			"the repository's root metadata with --trust=FILE or TrustedRoot=");
	if (file_read(AT_FDCWD, trust, ROOT_SIZE_MAX, &shipped, error) != 0)
		return error_in(error, "the trusted root");
	if (file_read(state, "seed.json", ROOT_SIZE_MAX, &seed, error) < 0)
		return -1;
	if (r == 0 && bytes_equal(buffer_bytes(&seed), buffer_bytes(&shipped)))
		return 0;
	if (r == 0 && claimed_version(&shipped) < claimed_version(&stored))
		return 0;
	if (file_replace(state, "metadata/root.json", buffer_bytes(&shipped), 0644, error) < 0 ||
		file_replace(state, "seed.json", buffer_bytes(&shipped), 0644, error) < 0)
		return error_in(error, "state directory %s", store_path(remote->engine->store));
	return 0;
}

static int set_url(Remote *remote, Error *error)
{
	const char *url = remote->engine->config.repository;

	if (!url)
		return error_set(error,
			"no repository: name one with --repository=URL, or with Repository= in "
			"/etc/suture/suture.conf");
	if (url_check(url, error) < 0 || text_copy(url, &remote->url, error) < 0)
		return -1;
	for (size_t n = strlen(remote->url); n > 0 && remote->url[n - 1] == '/'; n--)
		remote->url[n - 1] = '\0';
	return 0;
}

static int make_fetcher(Engine *engine, Error *error)
{
	const FetchLimits limits = {.whole_seconds = (uint32_t)engine->config.time_limit};

	if (engine->fetcher)
		return 0;
	if (proxy_apply(engine->config.proxy, error) < 0)
		return -1;
	return fetcher_new(&limits, &engine->fetcher, error);
}

int remote_open(Engine *engine, Remote **ret, Error *error)
{
	CLEANUP(remote_free) Remote *remote = calloc(1, sizeof(*remote));
	UpdaterIo io = {fetch_metadata, load_metadata, store_metadata, remote};

	if (!remote)
		return error_memory(error);
	remote->engine = engine;
	if (set_url(remote, error) < 0 || seed_root(remote, error) < 0)
		return -1;
	if (make_fetcher(engine, error) < 0)
		return -1;
	if (updater_new(&io, clock_now(), &remote->updater, error) < 0)
		return -1;
	*ret = TAKE_PTR(remote);
	return 0;
}

Remote *remote_free(Remote *remote)
{
	if (remote) {
		(void)updater_free(remote->updater);
		free(remote->url);
		free(remote);
	}
	return NULL;
}

int remote_refresh(Remote *remote, Error *error)
{
	CLEANUP_FREE char *shown = NULL;
	int r;

	remote->refreshes = true;
	r = updater_refresh(remote->updater, error);
	remote->refreshes = false;
	if (r == 0)
		return sync_metadata(remote, error);
	/* What a refresh that failed has learned counts all the same; its failure is what people hear of. */
	(void)sync_metadata(remote, NULL);
	if (remote->is_told || url_for_people(remote->url, &shown, NULL) < 0)
		return -1;
	return error_in(error, "the repository %s", shown);
}

Updater *remote_updater(Remote *remote)
{
	return remote->updater;
}

bool remote_is_silent(const Remote *remote)
{
	return remote->is_silent;
}

static int target_url(const Remote *remote, const UpdaterTarget *target, char **ret, Error *error)
{
	CLEANUP_FREE char *location = NULL;

	if (updater_target_location(remote->updater, target, &location, error) < 0)
		return -1;
	return text_format(ret, error, "%s/targets/%s", remote->url, location);
}

static int check_digest(const UpdaterTarget *target, const Digest *found, Error *error)
{
	if (!digest_equal(found, &target->digest))
		return error_set(error,
			"%s is not what the repository's signed metadata describes: the server or a "
			"mirror is damaged or dishonest",
			target->path);
	return 0;
}

/* 0 only for a file that was fetched. */
static int check_present(const UpdaterTarget *target, int fetched, Error *error)
{
	if (fetched == FETCH_ABSENT)
		return error_set(error,
			"the server has no %s, which its signed metadata lists: the repository is "
			"incomplete; "
			"try again later, or another server",
			target->path);
	return fetched;
}

int remote_fetch(Remote *remote, const UpdaterTarget *target, uint64_t max, Buffer *ret, Error *error)
{
	CLEANUP_FREE char *url = NULL;
	CLEANUP_BUFFER Buffer body = BUFFER_INIT;
	Digest found;
	int r;

	if (target->length > max)
		return error_set(error, "%s has %llu bytes, more than the %llu allowed", target->path,
			(unsigned long long)target->length, (unsigned long long)max);
	if (target_url(remote, target, &url, error) < 0)
		return -1;
	r = note_silence(remote, fetch_bytes(remote->engine->fetcher, url, target->length, &body, error));
	if (check_present(target, r, error) < 0)
		return -1;
	if (hash_bytes(buffer_bytes(&body), &found, error) < 0 || check_digest(target, &found, error) < 0)
		return -1;
	*ret = body;
	body = BUFFER_INIT;
	return 0;
}

static void draw(void *userdata, uint64_t done, uint64_t total)
{
	progress_update(userdata, done, total);
}

enum { WRONG_BYTES = 2 };

/* Bytes that an earlier try left may be the wrong ones, and going on behind them would fail for ever: they
 * go. */
static int fetch_and_check(Remote *remote, const char *url, const UpdaterTarget *target, int fd,
	Progress *progress, uint64_t *ret_received, Error *error)
{
	Digest found;
	int r = note_silence(remote, fetch_file(remote->engine->fetcher, url, target->length, fd, draw,
					     progress, ret_received, error));

	if (r == FETCH_OTHER || check_present(target, r, error) < 0)
		return r > 0 ? REMOTE_UNUSABLE : -1;
	if (hash_file(fd, target->length, &found, NULL, error) < 0)
		return error_in(error, "%s", target->path);
	if (check_digest(target, &found, error) == 0)
		return 0;
	if (ftruncate(fd, 0) < 0)
		return error_os(error, errno, "cannot discard %s", target->path);
	return WRONG_BYTES;
}

int remote_fetch_file(Remote *remote, const UpdaterTarget *target, int fd, Progress *progress,
	uint64_t *ret_received, Error *error)
{
	CLEANUP_FREE char *url = NULL;
	uint64_t received = 0, again = 0;
	int r;

	if (target_url(remote, target, &url, error) < 0)
		return -1;
	r = fetch_and_check(remote, url, target, fd, progress, &received, error);
	if (r == WRONG_BYTES && received < target->length)
		r = fetch_and_check(remote, url, target, fd, progress, &again, error);
	*ret_received = received + again;
	return r > 0 ? REMOTE_UNUSABLE : r;
}
