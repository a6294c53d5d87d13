/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

enum { FILE_MODE = 0644, DIRECTORY_MODE = 0755 };

static const char folder[] = "staged/pending";

static int put(int directory, const UpdateFile *file, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	if (update_file_name(file, &name, error) < 0)
		return -1;
	return file_replace(directory, name, buffer_bytes(&file->bytes), FILE_MODE, error);
}

int pending_put_in_place(int metadata, const Update *update, Error *error)
{
	static const char *const last[] = {"snapshot", "root", "timestamp"};

	for (size_t i = 0; i < update->count; i++)
		if (update->files[i].targets && put(metadata, &update->files[i], error) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
		const UpdateFile *file = update_find(update, last[i]);

		if (file && put(metadata, file, error) < 0)
			return -1;
	}
	return 0;
}

/* In the same order, so that it is complete once it has a timestamp. */
int pending_write(int directory, const Update *update, Error *error)
{
	CLEANUP_CLOSE int fd = -1;

	if (file_make_directories(directory, folder, DIRECTORY_MODE, &fd, error) < 0)
		return -1;
	return pending_put_in_place(fd, update, error);
}

/* Moved, not copied: a full disk must not come between a new root and its timestamp. */
static int move(int from, int to, const char *name, Error *error)
{
	if (renameat(from, name, to, name) < 0)
		return error_os(error, errno, "cannot put %s in place", name);
	return file_sync(to, "metadata", error);
}

static bool is_root(const char *name)
{
	return text_has_suffix(name, ".root.json");
}

/* The two that decide what clients see come at the end. */
static bool is_early(const char *name)
{
	return name[0] != '.' && text_has_suffix(name, ".json") && !is_root(name) &&
	       strcmp(name, "timestamp.json") != 0;
}

static bool is_late(const char *name)
{
	return name[0] != '.' && is_root(name);
}

static int move_those(int from, int to, bool (*wanted)(const char *name), Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;
	int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	listing = own < 0 ? NULL : fdopendir(own);
	if (!listing) {
		(void)error_os(error, errno, "cannot list %s", folder);
		return close_keeping_errno(own);
	}
	while ((entry = readdir(listing)))
		if (wanted(entry->d_name) && move(from, to, entry->d_name, error) < 0)
			return -1;
	return 0;
}

static int move_all(int directory, int from, Error *error)
{
	CLEANUP_CLOSE int to = openat(directory, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (to < 0)
		return error_os(error, errno, "cannot open the directory \"metadata\"");
	if (move_those(from, to, is_early, error) < 0 || move_those(from, to, is_late, error) < 0)
		return -1;
	return move(from, to, "timestamp.json", error);
}

int pending_replay(int directory, Error *error)
{
	CLEANUP_CLOSE int from = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (from < 0 && errno == ENOENT)
		return 0;
	if (from < 0)
		return error_os(error, errno, "cannot open %s", folder);
	if (faccessat(from, "timestamp.json", F_OK, 0) == 0 && move_all(directory, from, error) < 0)
		return error_in(error, "completing the publication that was interrupted");
	/* Without the timestamp, what is left was never complete. */
	if (file_remove_tree(directory, folder, error) < 0)
		return -1;
	return file_sync_parent(directory, folder, error);
}
