/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum {
	DOCUMENT_SIZE_MAX = 16 * 1024 * 1024,
	LOCK_POLL_US = 50 * 1000,
	MODE_DIRECTORY = 0755,
	LOCK_MODE = 0600
};

struct Store {
	char *path;
	int directory;
	int lock;
};

static const char staging[] = "staging";

static const struct {
	const char *folder, *suffix;
} kinds[] = {
	[STORE_IMAGE] = {"images", ".erofs"},
	[STORE_VERITY] = {"images", ".verity"},
	[STORE_MANIFEST] = {"manifests", ".json"},
};

/* Whoever may write here decides what root activates; and root's writes would follow what others put in the
 * way. */
static int check_owner(const char *path, int fd, Error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine %s", path);
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return error_set(error,
			"%s belongs to the user %u, who could change what is activated: it must be root's",
			path, (unsigned)status.st_uid);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(
			error, "others than its owner may write to %s: run \"chmod go-w %s\"", path, path);
	return 0;
}

static int check_folder(const Store *store, const char *folder, Error *error)
{
	CLEANUP_CLOSE int fd =
		openat(store->directory, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_FREE char *path = NULL;

	if (text_format(&path, error, "%s/%s", store->path, folder) < 0)
		return -1;
	return fd < 0 ? error_os(error, errno, "cannot open %s", path) : check_owner(path, fd, error);
}

static int make_layout(Store *store, Error *error)
{
	static const char *const folders[] = {"images", "manifests", staging, "metadata"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (file_make_directories(store->directory, folders[i], MODE_DIRECTORY, NULL, error) < 0)
			return error_in(error, "state directory %s", store->path);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (check_folder(store, folders[i], error) < 0)
			return -1;
	return 0;
}

int store_open(const char *path, bool write, Store **ret, Error *error)
{
	CLEANUP(store_free) Store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_memory(error);
	store->directory = store->lock = -1;
	if (text_copy(path, &store->path, error) < 0)
		return -1;
	if (write && file_make_directories(AT_FDCWD, path, MODE_DIRECTORY, NULL, error) < 0)
		return error_in(error, "state directory");
	store->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->directory < 0 && errno == ENOENT && !write) {
		(void)error_os(error, errno, "state directory %s", path);
		return STORE_ABSENT;
	}
	if (store->directory < 0)
		return error_os(error, errno, "cannot open the state directory %s", path);
	/* The kernel names what is mounted by its real path. */
	free(store->path);
	store->path = realpath(path, NULL);
	if (!store->path)
		return error_os(error, errno, "cannot find the state directory %s", path);
	if (check_owner(store->path, store->directory, error) < 0 || (write && make_layout(store, error) < 0))
		return -1;
	*ret = TAKE_PTR(store);
	return 0;
}

Store *store_free(Store *store)
{
	if (store) {
		(void)close_keeping_errno(store->lock);
		(void)close_keeping_errno(store->directory);
		free(store->path);
		free(store);
	}
	return NULL;
}

int store_directory(const Store *store)
{
	return store->directory;
}

const char *store_path(const Store *store)
{
	return store->path;
}

static int say_who_holds(const Store *store, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int64_t pid = 0;

	if (file_read(store->directory, "lock", 32, &text, NULL) == 0 && text.size > 0 &&
		text_to_integer((char *)text.data, 1, INT32_MAX, &pid, NULL) == 0)
		(void)error_set(
			error, "another suture is at work (pid %d); try again when it is done", (int)pid);
	else
		(void)error_set(error, "another suture is at work; try again when it is done");
	return STORE_BUSY;
}

/* What file_replace() was writing when the power went, in one folder. */
static int sweep_folder(int directory, const char *folder, Error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", folder);
	listing = fdopendir(fd);
	if (!listing)
		return error_os(error, errno, "cannot list %s", folder);
	fd = -1;
	while ((entry = readdir(listing)))
		if (entry->d_name[0] == '.' && text_has_suffix(entry->d_name, ".tmp") &&
			file_remove(dirfd(listing), entry->d_name, error) < 0)
			return -1;
	return 0;
}

static int sweep(Store *store, Error *error)
{
	static const char *const folders[] = {".", "images", "manifests", "metadata"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (sweep_folder(store->directory, folders[i], error) < 0)
			return error_in(error, "state directory %s", store->path);
	return 0;
}

int store_lock(Store *store, int64_t wait_ms, Error *error)
{
	CLEANUP_CLOSE int fd = openat(
		store->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, LOCK_MODE);
	int64_t deadline = clock_monotonic_ms() + wait_ms;
	char pid[16];

	if (fd < 0)
		return error_os(error, errno, "cannot open the lock %s/lock", store->path);
	/* Who can open it can hold it, and keep every fix away. */
	if (fchmod(fd, LOCK_MODE) < 0)
		return error_os(error, errno, "cannot keep others off the lock %s/lock", store->path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return error_os(error, errno, "cannot lock %s", store->path);
		if (clock_monotonic_ms() >= deadline)
			return say_who_holds(store, error);
		(void)usleep(LOCK_POLL_US);
	}
	/* The pid only serves a sentence: when it cannot be written, on a full disk, the lock still holds. */
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (ftruncate(fd, 0) == 0)
		(void)file_write_all(fd, bytes_of_text(pid), "lock", NULL);
	store->lock = TAKE_FD(fd);
	return sweep(store, error);
}

bool store_is_locked(const Store *store)
{
	return store->lock >= 0;
}

static int document_name(const char *name, char file[static STORE_NAME_SIZE], Error *error)
{
	int n = snprintf(file, STORE_NAME_SIZE, "%s.json", name);

	return n < STORE_NAME_SIZE ? 0 : error_set(error, "the document name \"%s\" is too long", name);
}

int store_load(const Store *store, const char *name, json_t **ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	char file[STORE_NAME_SIZE];
	int r;

	if (document_name(name, file, error) < 0)
		return -1;
	r = file_read(store->directory, file, DOCUMENT_SIZE_MAX, &text, error);
	if (r == FILE_ABSENT)
		return STORE_ABSENT;
	if (r < 0)
		return error_in(error, "state directory %s", store->path);
	if (json_parse(buffer_bytes(&text), DOCUMENT_SIZE_MAX, ret, error) < 0)
		return error_in(error, "%s/%s", store->path, file);
	return 0;
}

int store_save_with_next(Store *store, const char *name, const json_t *document, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	char file[STORE_NAME_SIZE];

	if (document_name(name, file, error) < 0 || json_write(document, &text, error) < 0)
		return -1;
	if (file_replace_with_next(store->directory, file, buffer_bytes(&text), 0644, error) < 0)
		return error_in(error, "state directory %s", store->path);
	return 0;
}

int store_save(Store *store, const char *name, const json_t *document, Error *error)
{
	if (store_save_with_next(store, name, document, error) < 0)
		return -1;
	if (file_sync(store->directory, name, error) < 0)
		return error_in(error, "state directory %s", store->path);
	return 0;
}

bool store_says(const Store *store, const char *name, const json_t *document)
{
	CLEANUP_JSON json_t *there = NULL;

	return store_load(store, name, &there, NULL) == 0 && json_equal(there, document);
}

int store_remove(Store *store, const char *name, Error *error)
{
	char file[STORE_NAME_SIZE];

	if (document_name(name, file, error) < 0 || file_remove(store->directory, file, error) < 0)
		return -1;
	return file_sync_parent(store->directory, file, error);
}

int store_set_aside(Store *store, const char *name, Error *error)
{
	char file[STORE_NAME_SIZE], aside[STORE_NAME_SIZE + sizeof(".damaged")];

	if (document_name(name, file, error) < 0)
		return -1;
	(void)snprintf(aside, sizeof(aside), "%s.damaged", file);
	if (renameat(store->directory, file, store->directory, aside) < 0)
		return error_os(error, errno, "cannot rename %s/%s to %s", store->path, file, aside);
	return 0;
}

const char *store_blob_name(StoreKind kind, const Digest *digest, char name[static STORE_NAME_SIZE])
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(name, STORE_NAME_SIZE, "%s/%s%s", kinds[kind].folder, digest_to_hex(digest, hex),
		kinds[kind].suffix);
	return name;
}

bool store_has_blob(const Store *store, StoreKind kind, const Digest *digest)
{
	char name[STORE_NAME_SIZE];
	struct stat status;

	return fstatat(store->directory, store_blob_name(kind, digest, name), &status, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       S_ISREG(status.st_mode);
}

int store_put_blob(Store *store, StoreKind kind, const Digest *digest, Bytes content, Error *error)
{
	char name[STORE_NAME_SIZE];

	if (file_replace_with_next(
		    store->directory, store_blob_name(kind, digest, name), content, 0644, error) < 0)
		return error_in(error, "state directory %s", store->path);
	return 0;
}

int store_sync_blobs(const Store *store, StoreKind kind, Error *error)
{
	CLEANUP_CLOSE int fd =
		openat(store->directory, kinds[kind].folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_os(error, errno, "cannot open %s/%s", store->path, kinds[kind].folder);
	if (file_sync(fd, kinds[kind].folder, error) < 0)
		return error_in(error, "state directory %s", store->path);
	return 0;
}

static int check_regular(const Store *store, int fd, const char *name, Error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine %s/%s", store->path, name);
	return S_ISREG(status.st_mode)
		       ? 0
		       : error_set(error, "%s/%s is not a regular file: remove it", store->path, name);
}

int store_open_blob(const Store *store, StoreKind kind, const Digest *digest, int *ret_fd, Error *error)
{
	char name[STORE_NAME_SIZE];
	CLEANUP_CLOSE int fd = openat(store->directory, store_blob_name(kind, digest, name),
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		bool absent = errno == ENOENT;

		(void)error_os(error, errno, "cannot open %s/%s", store->path, name);
		return absent ? STORE_ABSENT : -1;
	}
	if (check_regular(store, fd, name, error) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int staged_name(const char *name, char file[static STORE_NAME_SIZE], Error *error)
{
	int n = snprintf(file, STORE_NAME_SIZE, "%s/%s", staging, name);

	if (n >= STORE_NAME_SIZE || !text_is_name(name, STORE_NAME_SIZE))
		return error_set(error, "\"%s\" is no name for a staged file", name);
	return 0;
}

static int open_staged(const Store *store, const char *name, int flags, int *ret_fd, Error *error)
{
	CLEANUP_CLOSE int fd = -1;
	char file[STORE_NAME_SIZE];

	if (staged_name(name, file, error) < 0)
		return -1;
	fd = openat(store->directory, file, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return error_os(error, errno, "cannot open %s/%s", store->path, file);
	if (check_regular(store, fd, file, error) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int store_open_staged(Store *store, const char *name, int *ret_fd, Error *error)
{
	return open_staged(store, name, O_RDWR | O_CREAT, ret_fd, error);
}

int store_read_staged(const Store *store, const char *name, int *ret_fd, Error *error)
{
	return open_staged(store, name, O_RDONLY, ret_fd, error);
}

int store_commit_staged(Store *store, const char *name, StoreKind kind, const Digest *digest, Error *error)
{
	char file[STORE_NAME_SIZE], blob[STORE_NAME_SIZE];
	CLEANUP_CLOSE int fd = -1;

	if (staged_name(name, file, error) < 0 || store_open_staged(store, name, &fd, error) < 0)
		return -1;
	if (file_sync(fd, file, error) < 0 ||
		file_rename(store->directory, file, store_blob_name(kind, digest, blob), error) < 0)
		return error_in(error, "state directory %s", store->path);
	return 0;
}

int store_discard_blob(Store *store, StoreKind kind, const Digest *digest, Error *error)
{
	char name[STORE_NAME_SIZE];

	return file_remove(store->directory, store_blob_name(kind, digest, name), error);
}

int store_remove_staged(Store *store, const char *name, Error *error)
{
	char file[STORE_NAME_SIZE];

	return staged_name(name, file, error) < 0 ? -1 : file_remove(store->directory, file, error);
}

static int list_folder(const Store *store, const char *folder, DIR **ret, Error *error)
{
	CLEANUP_CLOSE int fd = openat(store->directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_os(error, errno, "cannot open %s/%s", store->path, folder);
	*ret = fdopendir(fd);
	if (!*ret)
		return error_os(error, errno, "cannot list %s/%s", store->path, folder);
	fd = -1;
	return 0;
}

/* The folder stays: making it anew would be a durable write of each resume, with nothing to clear. */
int store_clear_staging(Store *store, Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;

	if (file_make_directories(store->directory, staging, MODE_DIRECTORY, NULL, error) < 0 ||
		list_folder(store, staging, &listing, error) < 0)
		return -1;
	while ((entry = readdir(listing)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			file_remove_tree(dirfd(listing), entry->d_name, error) < 0)
			return error_in(error, "%s/%s", store->path, staging);
	return 0;
}

static bool is_kept(const char *name, StoreKind kind, const Digest *keep, size_t n_keep)
{
	char hex[DIGEST_HEX_SIZE];

	for (size_t i = 0; i < n_keep; i++) {
		(void)digest_to_hex(&keep[i], hex);
		if (text_has_prefix(name, hex) && strcmp(name + strlen(hex), kinds[kind].suffix) == 0)
			return true;
	}
	return false;
}

static void tell(void (*let_go)(const Digest *digest), const char *name)
{
	char hex[DIGEST_HEX_SIZE];
	Digest digest;

	(void)snprintf(hex, sizeof(hex), "%.*s", DIGEST_HEX_SIZE - 1, name);
	if (digest_from_hex(hex, &digest, NULL) == 0)
		let_go(&digest);
}

int store_collect(Store *store, StoreKind kind, const Digest *keep, size_t n_keep,
	void (*let_go)(const Digest *digest), Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;

	if (list_folder(store, kinds[kind].folder, &listing, error) < 0)
		return -1;
	while ((entry = readdir(listing))) {
		if (!text_has_suffix(entry->d_name, kinds[kind].suffix) ||
			is_kept(entry->d_name, kind, keep, n_keep))
			continue;
		if (let_go)
			tell(let_go, entry->d_name);
		if (file_remove(dirfd(listing), entry->d_name, error) < 0)
			return error_in(error, "%s", store->path);
	}
	return 0;
}
