/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

typedef struct Stage {
	const PackageSet *base, *fixed;
	int directory;
} Stage;

/* An owner or a device that only root can make. */
static int not_permitted(int os_error, const char *path, Error *error)
{
	if (os_error == EPERM || os_error == EACCES)
		return error_os(error, os_error,
			"cannot lay out %s as it shall be: run as root or under fakeroot", path);
	return error_os(error, os_error, "cannot lay out %s", path);
}

static const char *below_usr(const char *path)
{
	return path + strlen("usr/");
}

static int set_attributes(int fd, const PackageEntry *entry, Error *error)
{
	for (size_t i = 0; i < entry->n_attributes; i++) {
		const PackageAttribute *attribute = &entry->attributes[i];

		if (fsetxattr(fd, attribute->name, attribute->value, attribute->size, 0) < 0)
			return not_permitted(errno, entry->path, error);
	}
	return 0;
}

/* Owner first: a change of owner clears setuid. */
static int set_owner_and_mode(int fd, const PackageEntry *entry, Error *error)
{
	if (fchown(fd, entry->uid, entry->gid) < 0 || fchmod(fd, entry->mode) < 0)
		return not_permitted(errno, entry->path, error);
	return set_attributes(fd, entry, error);
}

static int stage_directory(const Stage *stage, const char *path, Error *error)
{
	const PackageEntry *entry = package_find(stage->base, path);
	const PackageEntry plain = {.path = (char *)(uintptr_t)path, .type = PACKAGE_DIRECTORY, .mode = 0755};
	CLEANUP_CLOSE int fd = -1;

	if (!entry || entry->type != PACKAGE_DIRECTORY)
		entry = package_find(stage->fixed, path);
	if (!entry)
		entry = &plain;
	if (mkdirat(stage->directory, below_usr(path), 0700) < 0)
		return errno == EEXIST ? 0 : error_os(error, errno, "cannot lay out %s", path);
	fd = openat(stage->directory, below_usr(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_os(error, errno, "cannot lay out %s", path);
	return set_owner_and_mode(fd, entry, error);
}

static int stage_parents(const Stage *stage, const char *path, Error *error)
{
	CLEANUP_FREE char *parent = NULL;

	if (text_copy(path, &parent, error) < 0)
		return -1;
	for (char *slash = strchr(below_usr(parent), '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (stage_directory(stage, parent, error) < 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

/* A directory's own change overrides what stage_directory() gave it as somebody's parent. */
static int stage_changed_directory(const Stage *stage, const PackageEntry *entry, Error *error)
{
	CLEANUP_CLOSE int fd = -1;

	if (mkdirat(stage->directory, below_usr(entry->path), 0700) < 0 && errno != EEXIST)
		return error_os(error, errno, "cannot lay out %s", entry->path);
	fd = openat(
		stage->directory, below_usr(entry->path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_os(error, errno, "cannot lay out %s", entry->path);
	return set_owner_and_mode(fd, entry, error);
}

static int stage_file(const Stage *stage, const PackageEntry *entry, Error *error)
{
	CLEANUP_CLOSE int fd = openat(stage->directory, below_usr(entry->path),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_os(error, errno, "cannot lay out %s", entry->path);
	if (file_write_all(fd, package_content(stage->fixed, entry), entry->path, error) < 0)
		return -1;
	return set_owner_and_mode(fd, entry, error);
}

static int stage_symlink(const Stage *stage, const PackageEntry *entry, Error *error)
{
	const char *path = below_usr(entry->path);

	if (symlinkat(entry->target, stage->directory, path) < 0)
		return error_os(error, errno, "cannot lay out %s", entry->path);
	if (fchownat(stage->directory, path, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return not_permitted(errno, entry->path, error);
	return 0;
}

static int stage_whiteout(const Stage *stage, const PackageEntry *entry, Error *error)
{
	if (mknodat(stage->directory, below_usr(entry->path), S_IFCHR, makedev(0, 0)) < 0)
		return not_permitted(errno, entry->path, error);
	return 0;
}

/* Hard links of one content, when all changed, are hard links again: git has more than a hundred. */
static int stage_link(const Stage *stage, const PackageEntry *first, const PackageEntry *entry, Error *error)
{
	if (linkat(stage->directory, below_usr(first->path), stage->directory, below_usr(entry->path), 0) < 0)
		return error_os(error, errno, "cannot lay out %s", entry->path);
	return 0;
}

static const PackageEntry *find_first_link(const Changes *changes, size_t at)
{
	const PackageEntry *entry = changes->items[at].fixed;

	for (size_t i = 0; entry->size > 0 && i < at; i++) {
		const PackageEntry *other = changes->items[i].fixed;

		if (other && other->type == PACKAGE_FILE && other->offset == entry->offset &&
			other->size > 0 && package_entry_equal(other, entry))
			return other;
	}
	return NULL;
}

static int stage_change(const Stage *stage, const Changes *changes, size_t at, Error *error)
{
	const Change *change = &changes->items[at];
	const PackageEntry *entry = change->fixed;
	const PackageEntry *first;

	if (stage_parents(stage, change_path(change), error) < 0)
		return -1;
	if (!entry)
		return stage_whiteout(stage, change->base, error);
	switch (entry->type) {
	case PACKAGE_DIRECTORY:
		return stage_changed_directory(stage, entry, error);
	case PACKAGE_SYMLINK:
		return stage_symlink(stage, entry, error);
	case PACKAGE_FILE:
		first = find_first_link(changes, at);
		return first ? stage_link(stage, first, entry, error) : stage_file(stage, entry, error);
	}
	return 0;
}

int stage_changes(
	const Changes *changes, const PackageSet *base, const PackageSet *fixed, int directory, Error *error)
{
	const Stage stage = {base, fixed, directory};

	if (fchmod(directory, 0755) < 0)
		return error_os(error, errno, "cannot set the mode of the staging directory");
	for (size_t i = 0; i < changes->n_items; i++)
		if (stage_change(&stage, changes, i, error) < 0)
			return -1;
	return 0;
}
