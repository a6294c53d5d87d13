/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/package/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/path.h"
#include "base/text.h"

enum { BLOCK_SIZE = 128 * 1024, NAMES_MAX = 64 * 1024 };

/* A file with several names, as it was first met. */
typedef struct Inode {
	dev_t device;
	ino_t inode;
	char *path;
} Inode;

typedef struct Tree {
	PackageSet *set;
	Inode *inodes;
	size_t n_inodes;
} Tree;

static int read_directory(Tree *tree, int fd, const char *path, Error *error);

static int spool_file(Tree *tree, int fd, PackageEntry *entry, Error *error)
{
	CLEANUP_FREE uint8_t *block = malloc(BLOCK_SIZE);
	Spool *spool = &tree->set->spool;

	if (!block)
		return error_memory(error);
	if (spool_begin(spool, error) < 0)
		return -1;
	for (;;) {
		ssize_t n = read(fd, block, BLOCK_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot read %s", entry->path);
		if (n == 0)
			break;
		if (spool_write(spool, (Bytes){block, (size_t)n}, error) < 0)
			return -1;
	}
	return spool_end(spool, &entry->offset, &entry->size, &entry->digest, error);
}

/* 1 when another name of the same file has been read: entry->link is that name. */
static int note_inode(Tree *tree, const struct stat *status, PackageEntry *entry, Error *error)
{
	Inode *inodes;

	for (size_t i = 0; i < tree->n_inodes; i++) {
		const Inode *inode = &tree->inodes[i];

		if (inode->inode == status->st_ino && inode->device == status->st_dev)
			return text_copy(inode->path, &entry->link, error) < 0 ? -1 : 1;
	}
	inodes = reallocarray(tree->inodes, tree->n_inodes + 1, sizeof(*inodes));
	if (!inodes)
		return error_memory(error);
	tree->inodes = inodes;
	inodes[tree->n_inodes] = (Inode){.device = status->st_dev, .inode = status->st_ino};
	return text_copy(entry->path, &inodes[tree->n_inodes++].path, error);
}

static int take_attributes(int fd, PackageEntry *entry, Error *error)
{
	CLEANUP_FREE char *names = malloc(NAMES_MAX);
	CLEANUP_FREE uint8_t *value = malloc(PACKAGE_ATTRIBUTE_MAX);
	ssize_t size;

	if (!names || !value)
		return error_memory(error);
	size = flistxattr(fd, names, NAMES_MAX);
	if (size < 0 && errno == ENOTSUP)
		return 0;
	if (size < 0)
		return error_os(error, errno, "cannot list the attributes of %s", entry->path);
	for (const char *name = names; name < names + size; name += strlen(name) + 1) {
		ssize_t n = fgetxattr(fd, name, value, PACKAGE_ATTRIBUTE_MAX);

		if (n < 0)
			return error_os(
				error, errno, "cannot read the attribute %s of %s", name, entry->path);
		if (package_add_attribute(entry, name, (Bytes){value, (size_t)n}, error) < 0)
			return -1;
	}
	return 0;
}

static int take_symlink(int directory, const char *name, PackageEntry *entry, Error *error)
{
	char target[PACKAGE_TARGET_MAX + 1];
	ssize_t n = readlinkat(directory, name, target, sizeof(target));

	if (n < 0)
		return error_os(error, errno, "cannot read the symlink %s", entry->path);
	if ((size_t)n == sizeof(target))
		return error_set(error, "the symlink %s has too long a target", entry->path);
	target[n] = '\0';
	entry->type = PACKAGE_SYMLINK;
	return text_copy(target, &entry->target, error);
}

static int take_file(Tree *tree, int directory, const char *name, const struct stat *status,
	PackageEntry *entry, Error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", entry->path);
	entry->type = PACKAGE_FILE;
	if (status->st_nlink > 1)
		r = note_inode(tree, status, entry, error);
	if (r == 0)
		r = spool_file(tree, fd, entry, error);
	return r < 0 ? -1 : take_attributes(fd, entry, error);
}

static int take_directory(
	Tree *tree, int directory, const char *name, PackageEntry *entry, int *ret_fd, Error *error)
{
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	(void)tree;
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", entry->path);
	*ret_fd = fd;
	entry->type = PACKAGE_DIRECTORY;
	return take_attributes(fd, entry, error);
}

static int take_entry(
	Tree *tree, int directory, const char *name, PackageEntry *entry, int *ret_fd, Error *error)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_os(error, errno, "cannot examine %s", entry->path);
	entry->mode = status.st_mode & 07777;
	entry->uid = status.st_uid;
	entry->gid = status.st_gid;
	entry->mtime = status.st_mtime;
	if (S_ISLNK(status.st_mode))
		return take_symlink(directory, name, entry, error);
	if (S_ISREG(status.st_mode))
		return take_file(tree, directory, name, &status, entry, error);
	if (S_ISDIR(status.st_mode))
		return take_directory(tree, directory, name, entry, ret_fd, error);
	return error_set(
		error, "%s is a device, FIFO or socket, which no improvement may bring", entry->path);
}

/* One name in a directory: raw is its path from the tree's root. */
static int read_name(Tree *tree, int directory, const char *name, const char *raw, Error *error)
{
	PackageEntry entry = {.path = NULL};
	CLEANUP_CLOSE int fd = -1;
	int r = package_canonical(raw, &entry.path, error);

	if (r == 0)
		r = take_entry(tree, directory, name, &entry, &fd, error);
	if (r == 0)
		r = package_add(tree->set, &entry, error);
	package_entry_clear(&entry);
	if (r == 0 && fd >= 0)
		r = read_directory(tree, fd, raw, error);
	return r < 0 ? -1 : 0;
}

/* package_canonical() bounds the depth. */
static int read_directory(Tree *tree, int fd, const char *path, Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *each;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	listing = own < 0 ? NULL : fdopendir(own);
	if (!listing) {
		(void)error_os(error, errno, "cannot list %s", path);
		return close_keeping_errno(own);
	}
	while ((each = readdir(listing))) {
		CLEANUP_FREE char *raw = NULL;

		if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0)
			continue;
		if (path_join(path, each->d_name, &raw, error) < 0 ||
			read_name(tree, fd, each->d_name, raw, error) < 0)
			return -1;
	}
	return 0;
}

static int read_roots(Tree *tree, int root, Error *error)
{
	static const char *const roots[] = {
		"usr", "bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32", "etc", "opt"};

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		struct stat status;

		if (fstatat(root, roots[i], &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(status.st_mode))
			continue;
		if (strcmp(roots[i], "usr") == 0) {
			CLEANUP_CLOSE int fd =
				openat(root, roots[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (fd < 0)
				return error_os(error, errno, "cannot open usr");
			if (read_directory(tree, fd, roots[i], error) < 0)
				return -1;
		} else if (read_name(tree, root, roots[i], roots[i], error) < 0) {
			return -1;
		}
	}
	return 0;
}

int tree_read(PackageSet *set, const char *path, Error *error)
{
	CLEANUP_CLOSE int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	Tree tree = {.set = set};
	struct stat status;
	int r;

	if (root < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (fstatat(root, "usr", &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(status.st_mode))
		return error_set(error, "%s: is not the root of a tree: it has no directory usr", path);
	r = read_roots(&tree, root, error);
	for (size_t i = 0; i < tree.n_inodes; i++)
		free(tree.inodes[i].path);
	free(tree.inodes);
	return r < 0 ? error_in(error, "%s", path) : 0;
}
