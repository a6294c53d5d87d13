/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/directory.h"

#include <sys/stat.h>

#include "parts/image/image.h"

enum { ENTRY_SIZE = 12, NAME_AT = 8, TYPE_AT = 10, NAME_MAX_LENGTH = 255 };

typedef struct Walk {
	const Inode *directory;
	uint64_t parent;
	DirectoryEntry last; /* its name is NULL before the first */
	unsigned dots;       /* of "." and ".." together */
} Walk;

int directory_check_type(const DirectoryEntry *entry, mode_t mode, Error *error)
{
	static const mode_t types[] = {0, S_IFREG, S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK};

	if (entry->type >= ARRAY_SIZE(types) || types[entry->type] != (mode & S_IFMT))
		return error_set(error, "the directory entry \"%.*s\" has another type than its inode %llu",
			(int)entry->length, entry->name, (unsigned long long)entry->inode);
	return 0;
}

static int broken(const Walk *walk, const char *what, Error *error)
{
	return error_set(error, "directory inode %llu %s", (unsigned long long)walk->directory->number, what);
}

/* < 0, 0, > 0 as a sorts before, with or after b. */
static int compare_names(const DirectoryEntry *a, const DirectoryEntry *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->name, b->name, shorter);

	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int check_name(Walk *walk, const DirectoryEntry *entry, Error *error)
{
	if (entry->length == 0 || entry->length > NAME_MAX_LENGTH || memchr(entry->name, 0, entry->length) ||
		memchr(entry->name, '/', entry->length))
		return broken(walk, "holds an impossible name", error);
	if (walk->last.name && compare_names(&walk->last, entry) >= 0)
		return broken(walk, "is not sorted by name", error);
	walk->last = *entry;
	return 0;
}

/* 1 when the entry is "." or "..", and right. */
static int check_dots(Walk *walk, const DirectoryEntry *entry, Error *error)
{
	bool self = entry->length == 1 && entry->name[0] == '.';
	bool parent = entry->length == 2 && entry->name[0] == '.' && entry->name[1] == '.';

	if (!self && !parent)
		return 0;
	if (entry->inode != (self ? walk->directory->number : walk->parent))
		return broken(walk, "has a \".\" or \"..\" that leads elsewhere", error);
	walk->dots++;
	return 1;
}

/* The entry at index of a block that has room for count of them; its name ends where the next one begins, or
 * at the end or the first zero byte of the block. */
static int load_entry(
	const Walk *walk, Bytes block, size_t index, size_t count, DirectoryEntry *ret, Error *error)
{
	const uint8_t *at = block.data + index * ENTRY_SIZE;
	size_t begin = load_u16(at + NAME_AT);
	size_t end = block.size;

	if (index + 1 < count)
		end = load_u16(at + ENTRY_SIZE + NAME_AT);
	if (begin < count * ENTRY_SIZE || begin > end || end > block.size)
		return broken(walk, "has a broken table of names", error);
	ret->name = (const char *)block.data + begin;
	ret->length = index + 1 < count ? end - begin : strnlen(ret->name, end - begin);
	ret->inode = load_u64(at);
	ret->type = at[TYPE_AT];
	return 0;
}

static int walk_block(Walk *walk, Bytes block, DirectoryVisitor visitor, void *userdata, Error *error)
{
	size_t first = block.size < ENTRY_SIZE ? 0 : load_u16(block.data + NAME_AT);
	size_t count = first / ENTRY_SIZE;

	if (count == 0 || first % ENTRY_SIZE != 0 || first > block.size)
		return broken(walk, "has a broken table of entries", error);
	for (size_t i = 0; i < count; i++) {
		DirectoryEntry entry;
		int r;

		if (load_entry(walk, block, i, count, &entry, error) < 0 ||
			check_name(walk, &entry, error) < 0)
			return -1;
		r = check_dots(walk, &entry, error);
		if (r < 0 || (r == 0 && visitor(userdata, &entry, error) < 0))
			return -1;
	}
	return 0;
}

int directory_walk(const Superblock *superblock, const Inode *directory, uint64_t parent,
	DirectoryVisitor visitor, void *userdata, Error *error)
{
	Walk walk = {.directory = directory, .parent = parent};

	for (uint64_t i = 0; i * IMAGE_BLOCK_SIZE < directory->size; i++) {
		Bytes block;

		if (inode_block(superblock, directory, i, &block, error) < 0 ||
			walk_block(&walk, block, visitor, userdata, error) < 0)
			return -1;
	}
	if (walk.dots != 2)
		return broken(&walk, "lacks \".\" or \"..\"", error);
	return 0;
}
