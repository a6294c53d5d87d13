/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/image.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "parts/image/directory.h"
#include "parts/image/inode.h"
#include "parts/image/superblock.h"

enum { SYMLINK_SIZE_MAX = 4095 };

typedef struct ImageWalk {
	Superblock superblock;
	ImageVisitor visitor;
	void *userdata;
	unsigned entries;
	unsigned depth;
	uint64_t open[IMAGE_DEPTH_MAX + 1]; /* inode numbers of the directories from the root down */
	char path[PATH_LENGTH_MAX + 1];
	size_t path_length;
} ImageWalk;

static int walk_directory(ImageWalk *walk, const Inode *inode, Error *error);

static int enter_directory(ImageWalk *walk, const Inode *inode, Error *error)
{
	if (walk->depth == IMAGE_DEPTH_MAX)
		return error_set(error, "the image is nested deeper than %d directories", IMAGE_DEPTH_MAX);
	for (unsigned i = 0; i <= walk->depth; i++)
		if (walk->open[i] == inode->number)
			return error_set(error, "the directory \"%s\" contains itself", walk->path);
	walk->open[++walk->depth] = inode->number;
	if (walk_directory(walk, inode, error) < 0)
		return -1;
	walk->depth--;
	return 0;
}

static int check_symlink(const ImageWalk *walk, Bytes target, Error *error)
{
	if (target.size == 0 || target.size > SYMLINK_SIZE_MAX || memchr(target.data, 0, target.size))
		return error_set(error, "the symlink \"%s\" has an impossible target", walk->path);
	return 0;
}

/* walk->path is the entry's path here. */
static int visit_inode(ImageWalk *walk, const Inode *inode, Error *error)
{
	ImageEntry entry = {
		.path = walk->path,
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.inode = inode->number,
		.size = inode->size,
		.rdev = inode->rdev,
	};

	if ((S_ISREG(inode->mode) || S_ISLNK(inode->mode)) &&
		inode_content(&walk->superblock, inode, &entry.content, &entry.offset, error) < 0)
		return error_in(error, "%s", walk->path);
	if (S_ISLNK(inode->mode) && check_symlink(walk, entry.content, error) < 0)
		return -1;
	if (walk->visitor(walk->userdata, &entry, error) < 0)
		return -1;
	return S_ISDIR(inode->mode) ? enter_directory(walk, inode, error) : 0;
}

/* Adds the name to walk->path. */
static int append_name(ImageWalk *walk, const DirectoryEntry *entry, Error *error)
{
	size_t slash = walk->path_length > 0;

	if (walk->path_length + slash + entry->length > PATH_LENGTH_MAX)
		return error_set(error, "the image has a path longer than %d bytes", PATH_LENGTH_MAX);
	if (slash)
		walk->path[walk->path_length++] = '/';
	memcpy(walk->path + walk->path_length, entry->name, entry->length);
	walk->path_length += entry->length;
	walk->path[walk->path_length] = '\0';
	return path_check(walk->path, error);
}

static int visit_entry(void *userdata, const DirectoryEntry *entry, Error *error)
{
	ImageWalk *walk = userdata;
	size_t parent_length = walk->path_length;
	Inode inode;

	if (++walk->entries > IMAGE_ENTRIES_MAX)
		return error_set(error, "the image has more than %d entries", IMAGE_ENTRIES_MAX);
	if (append_name(walk, entry, error) < 0)
		return -1;
	if (inode_read(&walk->superblock, entry->inode, &inode, error) < 0 ||
		directory_check_type(entry, inode.mode, error) < 0)
		return error_in(error, "%s", walk->path);
	if (visit_inode(walk, &inode, error) < 0)
		return -1;
	walk->path_length = parent_length;
	walk->path[parent_length] = '\0';
	return 0;
}

/* inode is the directory that walk->open ends with; the root is its own parent. */
static int walk_directory(ImageWalk *walk, const Inode *inode, Error *error)
{
	uint64_t parent = walk->open[walk->depth > 0 ? walk->depth - 1 : 0];

	return directory_walk(&walk->superblock, inode, parent, visit_entry, walk, error);
}

int image_walk(Bytes image, ImageVisitor visitor, void *userdata, Error *error)
{
	ImageWalk walk = {.visitor = visitor, .userdata = userdata};
	Inode root;

	if (superblock_read(image, image.size, &walk.superblock, error) < 0 ||
		inode_read(&walk.superblock, walk.superblock.root, &root, error) < 0)
		return error_in(error, "the image");
	if (!S_ISDIR(root.mode))
		return error_set(error, "the root of the image is not a directory");
	walk.open[0] = root.number;
	return walk_directory(&walk, &root, error);
}

static int verify_size(int fd, uint64_t size, Error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot inspect the image");
	if (!S_ISREG(status.st_mode))
		return error_set(error, "the image is not a regular file");
	if ((uint64_t)status.st_size != size)
		return error_set(error, "the image differs from its manifest: %llu bytes instead of %llu",
			(unsigned long long)status.st_size, (unsigned long long)size);
	return 0;
}

static int verify_digest(int fd, uint64_t size, const Digest *digest, Error *error)
{
	char is[DIGEST_HEX_SIZE], should_be[DIGEST_HEX_SIZE];
	Digest actual;

	if (hash_file(fd, size, &actual, NULL, error) < 0)
		return error_in(error, "the image");
	if (!digest_equal(&actual, digest))
		return error_set(error, "the image differs from its manifest: SHA-256 %s instead of %s",
			digest_to_hex(&actual, is), digest_to_hex(digest, should_be));
	return 0;
}

static int verify_superblock(int fd, uint64_t size, Error *error)
{
	uint8_t start[SUPERBLOCK_END];
	Superblock superblock;
	ssize_t n = pread(fd, start, sizeof(start), 0);

	if (n < 0)
		return error_os(error, errno, "cannot read the image");
	if (superblock_read((Bytes){start, (size_t)n}, size, &superblock, error) < 0)
		return error_in(error, "the image");
	return 0;
}

int image_verify(int fd, uint64_t size, const Digest *digest, Error *error)
{
	if (verify_size(fd, size, error) < 0 || verify_digest(fd, size, digest, error) < 0)
		return -1;
	return verify_superblock(fd, size, error);
}
